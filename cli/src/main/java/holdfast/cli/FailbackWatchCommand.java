package holdfast.cli;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import holdfast.base.linux.LinuxKernel;
import holdfast.failback.ClientEvent;
import holdfast.failback.ClientWatch;
import holdfast.failback.FailbackSettings;
import holdfast.failback.SupervisedClient;
import holdfast.failback.Supervisor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast failback attach`, which looks at a client that goes on without a terminal, and the
/// commands that such a client is.
final class FailbackWatchCommand {
    /// Not for people: the process that `holdfast failback` starts.
    static final String SUPERVISE = "supervise";

    /// Not for people either: the process that does the work of that one, and is started again when
    /// it dies.
    static final String WORK = "work";

    private FailbackWatchCommand() {}

    static CommandSpec attach() {
        var spec =
                Syntax.command(
                        "attach",
                        "Shows how a failback client on this machine gets on, until it ends; then ends as it does. Any number may look at once.",
                        (arguments, context) -> {
                            var state =
                                    arguments
                                            .text("--state")
                                            .map(Path::of)
                                            .orElse(FailbackSettings.STATE_DIRECTORY);
                            follow(ClientWatch.attach(Network.system(), state), arguments, context);
                            return ExitStatus.OK;
                        });
        spec.addOption(
                Syntax.option(
                        "--state",
                        "<dir>",
                        "The client's folder; else " + FailbackSettings.STATE_DIRECTORY + "."));
        spec.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(spec, List.of("holdfast failback attach"), ExitStatus.REFUSED);
    }

    static CommandSpec supervise() {
        return hidden(
                SUPERVISE,
                "What `holdfast failback` starts; it is told what to do on its standard input.",
                FailbackWatchCommand::supervise);
    }

    static CommandSpec work() {
        return hidden(
                WORK,
                "What does the work of `holdfast failback`; it is told what to do on its standard input.",
                FailbackWatchCommand::work);
    }

    private static CommandSpec hidden(String name, String description, Action action) {
        var spec = Syntax.command(name, description, action);
        spec.addOption(Syntax.option("--log-file", "<file>", "Log to the end of a file."));
        spec.usageMessage().hidden(true);
        return Syntax.examples(spec, List.of("holdfast failback"), ExitStatus.REFUSED);
    }

    /// @throws ClientGaveUpException if it gives up, as it does itself
    static void follow(ClientWatch watch, Arguments arguments, Context context) throws IOException {
        try (watch) {
            switch (watch.follow(new TerminalOperator(context.terminal()))) {
                case ClientEvent.Done done ->
                        FailbackReport.print(done.outcome(), arguments, context);
                case ClientEvent.GaveUp gaveUp -> throw new ClientGaveUpException(gaveUp);
            }
        }
    }

    private static ExitStatus supervise(Arguments arguments, Context context) throws IOException {
        LinuxKernel.newSession(); // which the end of the terminal does not reach
        StandardErrorLog.start(); // to a file in the client's folder
        FailbackCommand.startLog(arguments);
        var command = new ArrayList<>(ThisProgram.command(arguments));
        command.set(command.size() - 1, WORK);
        arguments.text("--log-file").ifPresent(file -> command.addAll(List.of("--log-file", file)));
        return status(
                new Supervisor(context.processes(), TimeSource.system(), command)
                        .run(System.in, context.terminal().results(), words(context)));
    }

    private static ExitStatus work(Arguments arguments, Context context) throws IOException {
        StandardErrorLog.start();
        FailbackCommand.startLog(arguments);
        return status(
                SupervisedClient.run(
                        System.in,
                        context.terminal().results(),
                        Version.ours(),
                        words(context),
                        () -> Runtime.getRuntime().halt(ExitStatus.FAILURE.code())));
    }

    private static Function<Exception, ClientEvent.GaveUp> words(Context context) {
        var failures = new Failures(context, false);
        return failure -> {
            var told = failures.told(failure);
            return new ClientEvent.GaveUp(told.code(), told.message(), told.status().code());
        };
    }

    private static ExitStatus status(ClientEvent.Ended ended) {
        return switch (ended) {
            case ClientEvent.Done _ -> ExitStatus.OK;
            case ClientEvent.GaveUp gaveUp -> ExitStatus.of(gaveUp.status());
        };
    }
}
