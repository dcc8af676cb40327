package holdfast.cli;

/// The `holdfast-failback` program: the failback client alone, on a machine that has nothing else.
/// Runs without the modules of the server.
final class FailbackMain {
    private FailbackMain() {}

    public static void main(String[] arguments) {
        System.exit(
                new CommandTree(Main.context(), FailbackCommand::program).run(arguments).code());
    }
}
