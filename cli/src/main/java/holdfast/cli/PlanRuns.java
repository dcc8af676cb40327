package holdfast.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// Running recovery plans: the part of `holdfast plans` that is about executions.
final class PlanRuns {
    private static final Duration POLL = Duration.ofSeconds(1);

    private PlanRuns() {}

    static List<CommandSpec> specs() {
        var run =
                Syntax.asking("run", "Runs a recovery plan and waits for its end.", PlanRuns::run);
        run.addPositional(PlansCommand.plan());
        run.addOption(Syntax.flag("--drill", "Leave the sources as they are: it is a drill."));
        run.addOption(Syntax.flag("--no-wait", "Return as soon as it has begun."));
        run.addOption(
                OptionSpec.builder("--pin")
                        .type(String[].class)
                        .arity("1")
                        .paramLabel("<server>=<point>")
                        .description(
                                "Recover a server from this point instead of its newest one. Once for each.")
                        .build());
        Syntax.examples(run, List.of("holdfast plans run \"site b\" --drill"));
        var list = Syntax.asking("executions", "Lists the runs of recovery plans.", PlanRuns::list);
        Syntax.examples(list, List.of("holdfast plans executions"));
        return List.of(
                run,
                list,
                ofOne("execution", "Shows a run with its steps.", false, PlanRuns::show),
                ofOne("cancel", "Begins no further step of a run.", false, PlanRuns::cancel),
                ofOne(
                        "retry",
                        "Recovers again what failed in a failed step, and goes on.",
                        true,
                        session -> step(session, "retry")),
                ofOne(
                        "skip",
                        "Passes over a step that failed or has not begun.",
                        true,
                        session -> step(session, "skip")),
                ofOne("forget", "Deletes what is known of an ended run.", false, PlanRuns::forget));
    }

    private static CommandSpec ofOne(
            String name, String description, boolean step, Session.Turn turn) {
        var command = Syntax.asking(name, description, turn);
        command.addPositional(Syntax.positional("<id>", "As holdfast plans executions lists it."));
        if (step) {
            command.addOption(
                    Syntax.option("--step", "<id>", "Which one; else the one whose turn it is."));
        }
        return Syntax.examples(
                command, List.of("holdfast plans " + name + " exec-0123456789abcdef0"));
    }

    private static ExitStatus run(Session session) throws IOException, InterruptedException {
        var body =
                ApiClient.JSON.createObjectNode().put("drill", session.arguments().flag("--drill"));
        var pins = session.arguments().texts("--pin");
        if (!pins.isEmpty()) {
            var points = body.putObject("points");
            for (var pin : pins) {
                var parts = pin.split("=", -1);
                if (parts.length != 2) {
                    throw new UsageException("--pin is <server>=<point>, not '" + pin + "'");
                }
                points.put(session.server(parts[0]).text("id"), parts[1]);
            }
        }
        var plan = PlansCommand.find(session);
        var path = ApiClient.path("plans", plan.text("id"), "executions");
        var execution = session.api().post(path, body);
        if (session.arguments().flag("--no-wait")) {
            return shown(session, execution);
        }
        var ended = await(session, execution);
        shown(session, ended);
        return ended.text("state").equals("COMPLETED") ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    /// Tells each step as it gets on.
    private static Answer await(Session session, Answer started)
            throws IOException, InterruptedException {
        var path = ApiClient.path("executions", started.text("id"));
        var told = "";
        for (var current = started; ; current = session.api().get(path)) {
            for (var step : current.list("steps")) {
                var line = step.text("name") + ": " + step.text("state");
                var running =
                        step.text("state").equals("EXECUTING")
                                || step.text("state").equals("WAITING");
                if (running && !line.equals(told)) {
                    session.terminal().note(line);
                    told = line;
                }
            }
            if (List.of("COMPLETED", "FAILED", "CANCELLED").contains(current.text("state"))) {
                return current;
            }
            session.context().time().sleep(POLL);
        }
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/executions");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var plans =
                session.api().get("/plans").list("plans").stream()
                        .collect(Collectors.toMap(p -> p.text("id"), p -> p.text("name")));
        var table = new Table("ID", "PLAN", "KIND", "STATE", "STARTED", "ENDED");
        for (var execution : answer.list("executions")) {
            table.row(
                    execution.text("id"),
                    plans.getOrDefault(execution.text("plan"), execution.text("plan")),
                    kind(execution),
                    execution.text("state"),
                    session.shown(execution.instant("startedAt")),
                    session.shown(execution.instant("completedAt")));
        }
        session.print(table, "no recovery plan was run");
        return ExitStatus.OK;
    }

    private static String kind(Answer execution) {
        return execution.flag("drill") ? "drill" : "recovery";
    }

    private static String path(Session session) {
        return ApiClient.path("executions", session.arguments().positional(0));
    }

    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        return shown(session, session.api().get(path(session)));
    }

    private static ExitStatus shown(Session session, Answer execution) {
        if (session.json()) {
            session.print(execution);
            return ExitStatus.OK;
        }
        var reason = execution.text("reason");
        session.terminal()
                .result(
                        execution.text("id")
                                + "  "
                                + kind(execution)
                                + "  "
                                + execution.text("state")
                                + (reason.isEmpty() ? "" : ": " + reason));
        var table = new Table(">#", "ID", "NAME", "STATE", ">ATTEMPT", "DOES");
        var number = 0;
        for (var step : execution.list("steps")) {
            table.row(
                    Integer.toString(++number),
                    step.text("id"),
                    step.text("name"),
                    step.text("state"),
                    Long.toString(step.number("attempt")),
                    PlansCommand.does(step));
        }
        session.print(table, "no steps");
        return ExitStatus.OK;
    }

    private static ExitStatus cancel(Session session) throws IOException, InterruptedException {
        var body = ApiClient.JSON.createObjectNode();
        return shown(session, session.api().post(path(session) + "/cancel", body));
    }

    private static ExitStatus step(Session session, String what)
            throws IOException, InterruptedException {
        var execution = session.api().get(path(session));
        var step = session.arguments().text("--step").orElseGet(() -> current(execution));
        var path = path(session) + ApiClient.path("steps", step, what);
        return shown(session, session.api().post(path, ApiClient.JSON.createObjectNode()));
    }

    private static String current(Answer execution) {
        return execution.list("steps").stream()
                .filter(step -> !List.of("COMPLETED", "SKIPPED").contains(step.text("state")))
                .findFirst()
                .map(step -> step.text("id"))
                .orElseThrow(() -> new UsageException("all of its steps have ended"));
    }

    private static ExitStatus forget(Session session) throws IOException, InterruptedException {
        var answer = session.api().delete(path(session));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(session.arguments().positional(0) + " forgotten");
        }
        return ExitStatus.OK;
    }
}
