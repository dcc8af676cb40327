package holdfast.cli;

import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast status`: whether the server runs and its staging area takes data.
final class StatusCommand {
    private StatusCommand() {}

    static CommandSpec spec() {
        return Syntax.examples(
                Syntax.asking(
                        "status",
                        "Shows the server's version, its addresses and its staging area.",
                        StatusCommand::show),
                List.of("holdfast status", "holdfast status --json | jq .stagingArea.freeBytes"));
    }

    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        var status = session.api().get("/status");
        if (session.json()) {
            session.print(status);
            return ExitStatus.OK;
        }
        var staging = status.child("stagingArea");
        var reason = staging.text("reason");
        new Facts()
                .add("version", status.text("version"))
                .add("API", status.text("apiAddress"))
                .add("replication", status.text("replicationAddress"))
                .add(
                        "staging area",
                        staging.text("state") + (reason.isEmpty() ? "" : ": " + reason))
                .add("used", Units.bytes(staging.number("usedBytes")))
                .add("free", Units.bytes(staging.number("freeBytes")))
                .add("segments", Long.toString(staging.number("segments")))
                .lines()
                .forEach(session.terminal()::result);
        return ExitStatus.OK;
    }
}
