package holdfast.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast status`: whether the server runs and its staging areas take data.
final class StatusCommand {
    private StatusCommand() {}

    static CommandSpec spec() {
        return Syntax.examples(
                Syntax.asking(
                        "status",
                        "Shows the server's version, its addresses and its staging areas.",
                        StatusCommand::show),
                List.of("holdfast status", "holdfast status --json | jq .stagingArea.freeBytes"));
    }

    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        var status = session.api().get("/status");
        if (session.json()) {
            session.print(status);
            return ExitStatus.OK;
        }
        var facts =
                new Facts()
                        .add("version", status.text("version"))
                        .add("API", status.text("apiAddress"))
                        .add("replication", status.text("replicationAddress"));
        var staging = status.child("stagingArea");
        facts.add("staging area", state(staging))
                .add("used", Units.bytes(staging.number("usedBytes")))
                .add("free", Units.bytes(staging.number("freeBytes")))
                .add("segments", Long.toString(staging.number("segments")));
        for (var area : status.list("storageClasses")) {
            facts.add(
                    "storage class " + area.text("name"),
                    String.format(
                            Locale.ROOT,
                            "in %s, %s used, %s free, %s",
                            area.text("directory"),
                            Units.bytes(area.number("usedBytes")),
                            Units.bytes(area.number("freeBytes")),
                            state(area)));
        }
        facts.lines().forEach(session.terminal()::result);
        return ExitStatus.OK;
    }

    private static String state(Answer area) {
        var reason = area.text("reason");
        return area.text("state") + (reason.isEmpty() ? "" : ": " + reason);
    }
}
