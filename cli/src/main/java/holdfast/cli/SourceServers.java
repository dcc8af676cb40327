package holdfast.cli;

import holdfast.base.RefusalException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// The source servers that the installation knows, found by id or by host name, which servers that
/// are extended or made of a recovery instance share with another.
record SourceServers(List<Answer> all) {
    SourceServers {
        all = List.copyOf(all);
    }

    /// @throws RefusalException listing the known ones if none, or more than one, answers to `name`
    Answer find(String name) {
        var found =
                all.stream()
                        .filter(s -> s.text("id").equals(name) || s.text("hostname").equals(name))
                        .toList();
        if (found.size() == 1) {
            return found.getFirst();
        }
        // what has its name of another is meant by its id
        var own = found.stream().filter(s -> !s.has("extendedFrom") && !s.has("madeOf")).toList();
        if (own.size() == 1) {
            return own.getFirst();
        }
        if (all.isEmpty()) {
            throw new RefusalException(
                    "unknown-server",
                    String.format(
                            Locale.ROOT,
                            "unknown server '%s': no server is protected yet; make a token with holdfast token create and start holdfast agent run on the server",
                            name));
        }
        if (found.isEmpty()) {
            throw new RefusalException(
                    "unknown-server",
                    String.format(
                            Locale.ROOT, "unknown server '%s'; known are %s", name, listed(all)));
        }
        throw new RefusalException(
                "ambiguous-server",
                String.format(
                        Locale.ROOT,
                        "'%s' names %d servers; say which by its id: %s",
                        name,
                        found.size(),
                        listed(found)));
    }

    private static String listed(List<Answer> servers) {
        return servers.stream()
                .map(server -> server.text("id") + " (" + server.text("hostname") + ")")
                .collect(Collectors.joining(", "));
    }
}
