package holdfast.agent;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A configuration of name resolution (resolv.conf(5)), as far as DHCP could have told it.
///
/// @param lines of the file
record Resolver(List<String> lines) {
    /// IPv4 addresses that are not the machine's own.
    List<String> nameServers() {
        return values("nameserver")
                .filter(server -> server.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}"))
                .filter(server -> !server.startsWith("127."))
                .distinct()
                .toList();
    }

    /// The one to which short names belong.
    Optional<String> domain() {
        return Stream.concat(values("domain"), values("search"))
                .map(value -> value.split("\\s+", 2)[0])
                .filter(name -> name.matches("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"))
                .findFirst();
    }

    private Stream<String> values(String name) {
        return lines.stream()
                .map(String::strip)
                .filter(line -> line.matches(name + "\\s.*"))
                .map(line -> line.substring(name.length()).strip());
    }
}
