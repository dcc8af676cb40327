package holdfast.cli;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;

/// Runs command lines in this process and keeps what they print. The time stands still but for
/// waiting, which takes none.
final class CommandLineFixture {
    static final Instant NOW = Instant.parse("2026-11-21T15:30:00Z");
    static final ZoneId ZONE = ZoneId.of("Europe/Berlin");

    private final Map<String, String> environment = new HashMap<>();
    private final boolean interactive;

    /// How a command line ended.
    record Ran(ExitStatus status, String out, String err) {}

    CommandLineFixture(Path home) {
        this(home, false);
    }

    CommandLineFixture(Path home, boolean interactive) {
        environment.put("HOME", home.toString());
        this.interactive = interactive;
    }

    CommandLineFixture environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    CommandLineFixture asking(FakeApi api) {
        return environment("HOLDFAST_URL", api.url())
                .environment("HOLDFAST_DATA", api.data().toString());
    }

    Ran run(String... arguments) {
        return ran(context -> new CommandTree(context).run(arguments));
    }

    /// Runs in a thread of its own, printing to `out`, until interrupted or done.
    Thread start(ByteArrayOutputStream out, String... arguments) {
        var command = new CommandTree(context(out, new ByteArrayOutputStream()));
        return Thread.ofVirtual().name("command").start(() -> command.run(arguments));
    }

    /// All commands, however deep.
    List<CommandSpec> commands() {
        var root = CommandTree.root();
        var found = new ArrayList<CommandSpec>();
        found.add(root);
        for (var next = 0; next < found.size(); next++) {
            found.get(next).subcommands().values().forEach(c -> found.add(c.getCommandSpec()));
        }
        return found;
    }

    /// What is said when a command fails with this.
    Ran failing(Exception failure) {
        return ran(context -> new Failures(context, false).report(failure));
    }

    private Ran ran(Function<Context, ExitStatus> command) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var status = command.apply(context(out, err));
        return new Ran(
                status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private Context context(ByteArrayOutputStream out, ByteArrayOutputStream err) {
        var terminal =
                new Terminal(
                        new PrintStream(out, false, StandardCharsets.UTF_8),
                        new PrintStream(err, false, StandardCharsets.UTF_8),
                        interactive);
        return new Context(terminal, environment, new StandingTime(), ZONE, Processes.system());
    }

    Ran line(String line) {
        return run(
                Arrays.stream(line.split(" "))
                        .filter(word -> !word.isEmpty())
                        .toArray(String[]::new));
    }

    private static final class StandingTime implements TimeSource {
        private Duration slept = Duration.ZERO;

        @Override
        public Instant now() {
            return NOW.plus(slept);
        }

        @Override
        public long nanoTime() {
            return slept.toNanos();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            slept = slept.plus(duration);
        }
    }
}
