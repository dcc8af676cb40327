package holdfast.cli;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.time.ZoneId;

/// The `holdfast` program.
final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(new CommandTree(context()).run(arguments).code());
    }

    static Context context() {
        // The launcher looks at file descriptor 2, which Java cannot.
        var interactive = Boolean.getBoolean("holdfast.terminal");
        var columns = Integer.getInteger("holdfast.columns", 0);
        return new Context(
                new Terminal(
                        System.out,
                        System.err,
                        interactive,
                        columns > 0 ? columns : Integer.MAX_VALUE),
                System.getenv(),
                TimeSource.system(),
                ZoneId.systemDefault(),
                Processes.system());
    }
}
