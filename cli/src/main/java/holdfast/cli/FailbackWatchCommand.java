package holdfast.cli;

import holdfast.base.Network;
import holdfast.failback.ClientEvent;
import holdfast.failback.ClientWatch;
import holdfast.failback.DetachedClient;
import holdfast.failback.FailbackSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast failback attach`, which looks at a client that goes on without a terminal, and the
/// command that such a client is.
final class FailbackWatchCommand {
    /// Not for people: the process that `holdfast failback` starts.
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

    static CommandSpec work() {
        var spec =
                Syntax.command(
                        WORK,
                        "What `holdfast failback` starts; it is told what to do on its standard input.",
                        FailbackWatchCommand::work);
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

    private static ExitStatus work(Arguments arguments, Context context) throws IOException {
        StandardErrorLog.start(); // to a file in the client's folder
        FailbackCommand.startLog(arguments);
        var failures = new Failures(context, false);
        var ended =
                DetachedClient.run(
                        System.in,
                        context.terminal().results(),
                        Version.ours(),
                        failure -> {
                            var told = failures.told(failure);
                            return new ClientEvent.GaveUp(
                                    told.code(), told.message(), told.status().code());
                        });
        return switch (ended) {
            case ClientEvent.Done _ -> ExitStatus.OK;
            case ClientEvent.GaveUp gaveUp -> ExitStatus.of(gaveUp.status());
        };
    }
}
