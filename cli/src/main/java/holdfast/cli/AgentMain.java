package holdfast.cli;

/// The `holdfast-agent` program: the agent alone, on a source server that has nothing else. Runs
/// without the modules of the server.
final class AgentMain {
    private AgentMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandTree(Main.context(), AgentCommand::program).run(arguments).code());
    }
}
