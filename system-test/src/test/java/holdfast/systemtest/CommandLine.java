package holdfast.systemtest;

import holdfast.demo.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The real `./holdfast`, run as a user runs it. Keeps what it started, and ends it when closed.
/// One thread uses it.
final class CommandLine implements AutoCloseable {
    /// Far above what any of the commands takes that are to end by themselves.
    private static final long END_WITHIN_SECONDS = 60;

    private static boolean built;

    private final Path folder;
    private final List<Process> started = new ArrayList<>();

    /// @param folder for what the commands print; exists
    CommandLine(Path folder) {
        this.folder = folder;
    }

    /// How a command ended.
    record Ended(int status, String out, String err) {}

    static List<String> holdfast(String... arguments) {
        var command = new ArrayList<>(List.of(Checkout.root().resolve("holdfast").toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /// Builds what the launcher runs, where that is not done, so that no command has to wait for
    /// it. Safe for any thread.
    static synchronized void build(Commands commands) throws IOException, InterruptedException {
        if (!built) {
            commands.run(holdfast("--version")).orThrow();
            built = true;
        }
    }

    /// Runs to its end.
    Ended run(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        var out = folder.resolve("out-" + started.size());
        var err = folder.resolve("err-" + started.size());
        var process = start(command, environment, out, err);
        if (!process.waitFor(END_WITHIN_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError(
                    "goes on: " + command + "\n" + Files.readString(out) + Files.readString(err));
        }
        return new Ended(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    Process start(List<String> command, Map<String, String> environment, Path out, Path err)
            throws IOException {
        var builder =
                new ProcessBuilder(command)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile());
        builder.environment().putAll(environment);
        var process = builder.start();
        started.add(process);
        return process;
    }

    @Override
    public void close() {
        started.reversed().forEach(Process::destroy);
        for (var process : started.reversed()) {
            process.onExit()
                    .completeOnTimeout(process, END_WITHIN_SECONDS, TimeUnit.SECONDS)
                    .join()
                    .destroyForcibly();
        }
    }
}
