package holdfast.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// How to start this program again as another process, however it was started.
final class ThisProgram {
    /// Set by the launcher to its own path: it knows what a later build must not take away.
    private static final String LAUNCHER_PROPERTY = "holdfast.launcher";

    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

    private ThisProgram() {}

    /// Up to and with the command that runs now, without its options.
    static List<String> command(Arguments arguments) throws IOException {
        var command = new ArrayList<>(prefix(arguments.chain().getFirst().originalArgs().size()));
        arguments.chain().stream()
                .skip(1)
                .forEach(result -> command.add(result.commandSpec().name()));
        return command;
    }

    /// @param argumentCount those of ours, with which the command line ends
    private static List<String> prefix(int argumentCount) throws IOException {
        var launcher = System.getProperty(LAUNCHER_PROPERTY);
        if (launcher != null) {
            return List.of(launcher);
        }
        var words = Files.readString(COMMAND_LINE, StandardCharsets.UTF_8).split("\0", -1);
        return List.of(words).subList(0, words.length - 1 - argumentCount);
    }
}
