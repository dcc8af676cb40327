package holdfast.cli;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.time.ZoneId;

/// The `holdfast` program.
final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        // The launcher looks at file descriptor 2, which Java cannot.
        var interactive = Boolean.getBoolean("holdfast.terminal");
        var context =
                new Context(
                        new Terminal(System.out, System.err, interactive),
                        System.getenv(),
                        TimeSource.system(),
                        ZoneId.systemDefault(),
                        Processes.system());
        System.exit(new CommandTree(context).run(arguments).code());
    }
}
