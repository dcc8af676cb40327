package holdfast.cli;

import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/// An agent's status of itself, laid out for people.
final class AgentStatusView {
    private AgentStatusView() {}

    /// @param status as [holdfast.agent.AgentStatus#toJson] writes it
    static List<String> lines(Answer status, ZoneId zone) {
        var link = status.child("link");
        var counters = status.child("counters");
        var lines = new ArrayList<String>();
        lines.addAll(
                new Facts()
                        .add("state", joined(status.text("state"), status.text("detail")))
                        .add("server", status.text("serverId"))
                        .add("tracker", status.text("tracker"))
                        .add("link", joined(link.text("state"), link.text("reason")))
                        .add("next attempt", time(link, "nextAttempt", zone))
                        .add("certificate", certificate(status.child("certificate"), zone))
                        .add("replicator", status.text("replicationAddress"))
                        .add("last point", time(status, "lastPoint", zone))
                        .add("lag", span(status, "lagMillis"))
                        .add("time to go", span(status, "etaMillis"))
                        .add("rate", Units.bytes(status.number("bytesPerSecond")) + "/s")
                        .add("sent", Units.bytes(counters.number("sentBytes")))
                        .add("changed", Units.bytes(counters.number("changedBytes")))
                        .add(
                                "rounds",
                                counters.number("rounds")
                                        + ", of which points "
                                        + counters.number("consistentRounds"))
                        .lines());
        var disks = new Table("DISK", ">SIZE", ">COPIED", ">COMPARED", ">BACKLOG");
        for (var disk : status.list("disks")) {
            var total = disk.number("totalBytes");
            disks.row(
                    disk.text("name"),
                    Units.bytes(total),
                    Units.percent(disk.number("replicatedBytes"), total),
                    Units.percent(disk.number("rescannedBytes"), total),
                    Units.bytes(disk.number("backlogBytes")));
        }
        if (!disks.empty()) {
            lines.add("");
            lines.addAll(disks.lines());
        }
        return lines;
    }

    private static String certificate(Answer certificate, ZoneId zone) {
        var expiresAt = time(certificate, "expiresAt", zone);
        return expiresAt.isEmpty()
                ? ""
                : joined("valid until " + expiresAt, certificate.text("reason"));
    }

    private static String joined(String what, String why) {
        return why.isEmpty() ? what : what + ": " + why;
    }

    private static String span(Answer answer, String member) {
        return answer.number(member) > 0
                ? Units.span(Duration.ofMillis(answer.number(member)))
                : "";
    }

    private static String time(Answer answer, String member, ZoneId zone) {
        return answer.instant(member).map(at -> TimeArgument.shown(at, zone)).orElse("");
    }
}
