package holdfast.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.node.ObjectNode;

/// `holdfast drill` and `holdfast recover`: start servers again as they were at a point, wait until
/// they have proven that they boot, and say how long each step took.
final class RecoverCommand {
    private RecoverCommand() {}

    static CommandSpec drill() {
        return spec(
                "drill",
                "Launches servers from a point while the originals go on, to prove that it works.",
                true);
    }

    static CommandSpec recover() {
        return spec(
                "recover", "Launches servers from a point to take over from the originals.", false);
    }

    private static CommandSpec spec(String name, String description, boolean drill) {
        var spec = Syntax.asking(name, description, session -> launch(session, drill));
        spec.addPositional(Syntax.positionals("<server>", "Ids or host names."));
        spec.addOption(
                Syntax.at(
                        "Launch from the newest point at or before this time; else from the newest"));
        spec.addOption(
                Syntax.option(
                        "--point", "<id>", "Launch from this point, as holdfast points lists it."));
        return Syntax.examples(
                spec,
                List.of(
                        String.format(Locale.ROOT, "holdfast %s web-1", name),
                        String.format(Locale.ROOT, "holdfast %s web-1 db-1 --at 14:29:59", name),
                        String.format(Locale.ROOT, "holdfast %s web-1 --at -10m --json", name)));
    }

    private static ExitStatus launch(Session session, boolean drill)
            throws IOException, InterruptedException {
        var request = ApiClient.JSON.createObjectNode().put("drill", drill);
        var ids = request.putArray("servers");
        session.servers(session.arguments().positionals()).forEach(s -> ids.add(s.text("id")));
        chooseTime(session, request);
        var started = session.context().time().nanoTime();
        var job = session.await(session.api().post("/recoveries", request));
        var took = Duration.ofNanos(session.context().time().nanoTime() - started);
        if (session.json()) {
            session.print(job);
        } else {
            summarize(session, job, took);
        }
        return job.text("state").equals("COMPLETED") ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    /// Fills in `at` or `point`; with neither the server takes the newest point.
    static void chooseTime(Session session, ObjectNode request) {
        var at = session.time("--at");
        var point = session.arguments().text("--point");
        if (at.isPresent() && point.isPresent()) {
            throw new UsageException(
                    "--at and --point both choose the point: give one or the other");
        }
        at.ifPresent(instant -> request.put("at", instant.toString()));
        point.ifPresent(id -> request.put("point", id));
    }

    private static void summarize(Session session, Answer job, Duration took)
            throws IOException, InterruptedException {
        var all = session.api().get("/instances").list("instances");
        var launched =
                job.list("instances").stream()
                        .map(i -> i.json().asString(""))
                        .collect(Collectors.toSet());
        var table = new Table("INSTANCE", "SERVER", "STATE", "RECOVERED AT", "BOOT PROOF");
        for (var instance : all) {
            if (launched.contains(instance.text("id"))) {
                table.row(
                        instance.text("id"),
                        instance.text("server"),
                        instance.text("state"),
                        session.pointShown(instance.child("point")),
                        InstancesCommand.proof(instance));
            }
        }
        session.print(table, "no instance was launched");
        var reason = Optional.of(job.text("reason")).filter(r -> !r.isEmpty());
        session.terminal()
                .result(
                        job.text("state").equals("COMPLETED")
                                ? "done in " + Units.span(took)
                                : String.format(
                                        Locale.ROOT,
                                        "not done after %s: %s",
                                        Units.span(took),
                                        reason.orElse("the server gives no reason")));
    }
}
