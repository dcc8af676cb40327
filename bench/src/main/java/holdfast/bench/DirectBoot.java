package holdfast.bench;

import static java.util.regex.Matcher.quoteReplacement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/// The command of a recovery instance, for a raw image instead of the branch: the same QEMU with
/// the same machine, memory, accelerator and devices.
///
/// @param command to start it
/// @param console where its serial console is logged
record DirectBoot(List<String> command, Path console) {
    private static final String LOG_FILE = "logfile=";

    DirectBoot {
        command = List.copyOf(command);
    }

    /// @param instance command line of a running recovery instance
    /// @param data folder of the server that runs it; nothing below it is touched
    /// @param image what to boot; written to
    /// @param folder for sockets and logs, instead of the server's; empty
    static DirectBoot like(List<String> instance, Path data, Path image, Path folder)
            throws IOException {
        var theirs = Pattern.compile(Pattern.quote(data + "/") + "[^,\"]*/([^/,\"]+)");
        var command = new ArrayList<String>();
        Optional<Path> console = Optional.empty();
        var disks = 0;
        for (var argument : instance) {
            if (argument.startsWith("{") && argument.contains("\"driver\":\"nbd\"")) {
                command.add(onFile(argument, image));
                disks++;
                continue;
            }
            var ours =
                    theirs.matcher(argument)
                            .replaceAll(found -> quoteReplacement(folder + "/" + found.group(1)));
            if (ours.contains("id=console,") && ours.contains(LOG_FILE)) {
                var from = ours.indexOf(LOG_FILE) + LOG_FILE.length();
                console = Optional.of(Path.of(ours.substring(from).split(",", 2)[0]));
            }
            command.add(ours);
        }
        // a console elsewhere would be another machine's, with its prompt
        var own = console.filter(log -> log.startsWith(folder) && !Files.exists(log));
        if (own.isEmpty() || disks != 1) {
            throw new IOException("not the command of an instance with one disk: " + instance);
        }
        return new DirectBoot(command, own.get());
    }

    private static String onFile(String nbdNode, Path image) {
        var json = JsonMapper.shared();
        var nbd = json.readTree(nbdNode);
        var node = json.createObjectNode().put("driver", "raw");
        node.put("node-name", nbd.required("node-name").asString());
        node.put("discard", nbd.required("discard").asString());
        node.putObject("file").put("driver", "file").put("filename", image.toString());
        return node.toString();
    }

    /// Whether the machine asks for a login already.
    boolean asksForLogin() throws IOException {
        return Files.exists(console) && Files.readString(console).contains(" login:");
    }
}
