package holdfast.cli;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast points`: the instants a server can be recovered at.
final class PointsCommand {
    /// What is listed when nothing else is asked for: with a round a second, about a screenful.
    private static final Duration RECENT = Duration.ofSeconds(30);

    private PointsCommand() {}

    static CommandSpec spec() {
        var spec =
                Syntax.asking(
                        "points",
                        String.format(
                                Locale.ROOT,
                                "Lists the consistency points of a server: the last %d seconds', or those asked for.",
                                RECENT.toSeconds()),
                        PointsCommand::list);
        spec.addPositional(Syntax.positional("<server>", "Its id or host name."));
        spec.addOption(Syntax.at("Show only the newest point at or before this time"));
        spec.addOption(Syntax.option("--from", "<time>", "List from this time on."));
        spec.addOption(Syntax.option("--to", "<time>", "List up to this time."));
        spec.addOption(
                Syntax.number("--limit", "<count>", "List at most so many, the oldest first."));
        return Syntax.examples(
                spec,
                List.of(
                        "holdfast points web-1",
                        "holdfast points web-1 --at 14:29:59",
                        "holdfast points web-1 --from '2026-11-20 23:00' --to '2026-11-20 23:05'"));
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var at = session.time("--at");
        var from = session.time("--from");
        var to = session.time("--to");
        if (at.isPresent() && (from.isPresent() || to.isPresent())) {
            throw new UsageException(
                    "--at names one point, --from and --to a span: give one or the other");
        }
        var server = session.server(session.arguments().positional(0));
        var query = new StringBuilder(ApiClient.path("servers", server.text("id"), "points") + "?");
        if (at.isPresent()) {
            query.append(parameter("at", at));
        } else {
            var newest = server.child("newestPoint").instant("instant");
            var recent =
                    newest.filter(_ -> from.isEmpty() && to.isEmpty()).map(n -> n.minus(RECENT));
            query.append(parameter("from", from.or(() -> recent))).append(parameter("to", to));
            session.arguments()
                    .number("--limit")
                    .ifPresent(limit -> query.append("limit=").append(limit));
        }
        var answer = session.api().get(query.toString().replaceFirst("[?&]$", ""));
        if (at.isPresent() && answer.list("points").isEmpty()) {
            throw none(session, server, at.get());
        }
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("POINT", "INSTANT", ">SAFE AFTER", ">ROUND", "KIND");
        for (var point : answer.list("points")) {
            table.row(
                    point.text("id"),
                    session.pointShown(point),
                    safeAfter(point),
                    Long.toString(point.number("round")),
                    kind(point));
        }
        session.print(
                table, "no point in that span; holdfast servers show says which is the newest");
        return ExitStatus.OK;
    }

    private static RefusalException none(Session session, Answer server, Instant at) {
        var newest = server.child("newestPoint").instant("instant");
        var id = server.text("id");
        return newest.isEmpty()
                ? new RefusalException(
                        "no-point",
                        String.format(
                                Locale.ROOT,
                                "server %s has no point yet: holdfast servers show %s says how far it is",
                                id,
                                id))
                : new RefusalException(
                        "point-before-window",
                        String.format(
                                Locale.ROOT,
                                "server %s has no point at or before %s: what it could be recovered to then is no longer kept, or it was not protected yet; the newest is of %s, and holdfast points %s --from <time> lists more",
                                id,
                                TimeArgument.shown(at, session.context().zone()),
                                session.pointShown(server.child("newestPoint")),
                                id));
    }

    private static String parameter(String name, Optional<Instant> instant) {
        return instant.map(i ->
                        name + "=" + URLEncoder.encode(i.toString(), StandardCharsets.UTF_8) + "&")
                .orElse("");
    }

    /// How long after its instant a point was on stable storage: the data at risk at that moment.
    private static String safeAfter(Answer point) {
        var instant = point.instant("instant");
        var durable = point.instant("durableAt");
        return instant.isPresent() && durable.isPresent()
                ? Units.span(Duration.between(instant.get(), durable.get()))
                : "-";
    }

    private static String kind(Answer point) {
        var kept = point.flag("snapshot") ? "snapshot" : "";
        var frozen = point.flag("frozen") ? "frozen" : "";
        return kept.isEmpty() || frozen.isEmpty() ? kept + frozen : kept + ", " + frozen;
    }
}
