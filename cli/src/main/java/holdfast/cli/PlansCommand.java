package holdfast.cli;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// `holdfast plans`: which servers are recovered after which. Running them is in [PlanRuns].
final class PlansCommand {
    private PlansCommand() {}

    static CommandSpec spec() {
        var list = Syntax.asking("plans", "Lists the recovery plans.", PlansCommand::list);
        Syntax.examples(list, List.of("holdfast plans", "holdfast plans run \"site b\" --drill"));
        list.addSubcommand("show", ofPlan("show", "Shows a recovery plan.", PlansCommand::show));
        var create = Syntax.asking("create", "Makes a recovery plan.", PlansCommand::create);
        create.addPositional(Syntax.positional("<name>", "What it is to be called."));
        create.addOption(Syntax.option("--description", "<text>", "What it is for."));
        list.addSubcommand(
                "create", Syntax.examples(create, List.of("holdfast plans create \"site b\"")));
        list.addSubcommand(
                "delete", ofPlan("delete", "Deletes a recovery plan.", PlansCommand::delete));
        list.addSubcommand("add-servers", addServers());
        list.addSubcommand("add-wait", addWait());
        list.addSubcommand(
                "remove-step",
                ofStep("remove-step", "Takes a step out.", PlansCommand::removeStep));
        var move = ofStep("move-step", "Puts a step elsewhere.", PlansCommand::moveStep);
        move.addOption(position("Its new place, from 1 on."));
        list.addSubcommand("move-step", move);
        PlanRuns.specs().forEach(spec -> list.addSubcommand(spec.name(), spec));
        return list;
    }

    static PositionalParamSpec plan() {
        return Syntax.positional("<plan>", "Its name or id.");
    }

    private static CommandSpec ofPlan(String name, String description, Session.Turn turn) {
        var command = Syntax.asking(name, description, turn);
        command.addPositional(plan());
        return Syntax.examples(command, List.of("holdfast plans " + name + " \"site b\""));
    }

    private static CommandSpec ofStep(String name, String description, Session.Turn turn) {
        var command = Syntax.asking(name, description, turn);
        command.addPositional(plan());
        command.addOption(
                Syntax.option("--step", "<id>", "Which one; holdfast plans show tells its id."));
        var move = name.equals("move-step") ? " --position 1" : "";
        return Syntax.examples(
                command,
                List.of(
                        "holdfast plans "
                                + name
                                + " \"site b\" --step st-0123456789abcdef0"
                                + move));
    }

    private static OptionSpec position(String description) {
        return Syntax.number("--position", "<n>", description);
    }

    private static CommandSpec addServers() {
        var command =
                Syntax.asking(
                        "add-servers",
                        "Adds a step that recovers servers, all at the same time.",
                        PlansCommand::addServers);
        command.addPositional(plan());
        command.addOption(Syntax.option("--name", "<text>", "What the step is called."));
        command.addOption(
                servers("--server", "A server without which the plan stops. Once for each."));
        command.addOption(
                servers("--optional", "A server without which the plan goes on. Once for each."));
        command.addOption(position("Its place, from 1 on; else behind the others."));
        return Syntax.examples(
                command,
                List.of("holdfast plans add-servers \"site b\" --name databases --server db-1"));
    }

    private static OptionSpec servers(String name, String description) {
        return OptionSpec.builder(name)
                .type(String[].class)
                .arity("1")
                .paramLabel("<server>")
                .description(description)
                .build();
    }

    private static CommandSpec addWait() {
        var command =
                Syntax.asking(
                        "add-wait", "Adds a step that lets time pass.", PlansCommand::addWait);
        command.addPositional(plan());
        command.addOption(Syntax.option("--name", "<text>", "What the step is called; else wait."));
        command.addOption(Syntax.number("--minutes", "<n>", "How long: 1 to 120."));
        command.addOption(position("Its place, from 1 on; else behind the others."));
        return Syntax.examples(command, List.of("holdfast plans add-wait \"site b\" --minutes 5"));
    }

    /// The plan that the first positional means.
    static Answer find(Session session) throws IOException, InterruptedException {
        var name = session.arguments().positional(0);
        var matching =
                session.api().get("/plans").list("plans").stream()
                        .filter(plan ->
                                plan.text("id").equals(name) || plan.text("name").equals(name))
                        .toList();
        if (matching.isEmpty()) {
            throw new ApiException(
                    404,
                    "unknown-plan",
                    "no recovery plan " + name + ": holdfast plans lists them");
        }
        return matching.getFirst();
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/plans");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ID", "NAME", ">STEPS", "STATE");
        for (var plan : answer.list("plans")) {
            table.row(
                    plan.text("id"),
                    plan.text("name"),
                    Integer.toString(plan.list("steps").size()),
                    state(plan));
        }
        session.print(table, "there is no recovery plan");
        return ExitStatus.OK;
    }

    private static String state(Answer plan) {
        var missing = texts(plan, "missingServers");
        return missing.isEmpty() ? "ready" : "servers are gone: " + missing;
    }

    private static String texts(Answer answer, String member) {
        return answer.json().path(member).values().stream()
                .map(id -> id.asString(""))
                .collect(Collectors.joining(" "));
    }

    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        return shown(session, find(session));
    }

    private static ExitStatus shown(Session session, Answer plan) {
        if (session.json()) {
            session.print(plan);
            return ExitStatus.OK;
        }
        session.terminal().result(plan.text("id") + "  " + plan.text("name") + "  " + state(plan));
        var table = new Table(">#", "ID", "NAME", "DOES");
        var number = 0;
        for (var step : plan.list("steps")) {
            table.row(Integer.toString(++number), step.text("id"), step.text("name"), does(step));
        }
        session.print(table, "no steps yet");
        return ExitStatus.OK;
    }

    /// What a step does, in words.
    static String does(Answer step) {
        if (step.has("waitMinutes")) {
            return "waits " + step.number("waitMinutes") + " min";
        }
        return "recovers "
                + step.list("servers").stream()
                        .map(server ->
                                server.text("server")
                                        + (server.flag("critical") ? "" : " (optional)"))
                        .collect(Collectors.joining(", "));
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var body =
                ApiClient.JSON
                        .createObjectNode()
                        .put("name", session.arguments().positional(0))
                        .put("description", session.arguments().text("--description").orElse(""));
        return shown(session, session.api().post("/plans", body));
    }

    private static ExitStatus delete(Session session) throws IOException, InterruptedException {
        var plan = find(session);
        var answer = session.api().delete(ApiClient.path("plans", plan.text("id")));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(plan.text("name") + " deleted");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus addServers(Session session) throws IOException, InterruptedException {
        var critical = session.arguments().texts("--server");
        var optional = session.arguments().texts("--optional");
        var name = session.arguments().text("--name");
        if (name.isEmpty() || critical.size() + optional.size() == 0) {
            throw new UsageException("name the step with --name and its servers with --server");
        }
        var body = ApiClient.JSON.createObjectNode().put("name", name.get());
        var servers = body.putArray("servers");
        for (var server : session.servers(critical)) {
            servers.addObject().put("server", server.text("id")).put("critical", true);
        }
        for (var server : session.servers(optional)) {
            servers.addObject().put("server", server.text("id")).put("critical", false);
        }
        return added(session, body);
    }

    private static ExitStatus addWait(Session session) throws IOException, InterruptedException {
        var minutes =
                session.arguments()
                        .number("--minutes")
                        .orElseThrow(() -> new UsageException("say how long with --minutes"));
        var body =
                ApiClient.JSON
                        .createObjectNode()
                        .put("name", session.arguments().text("--name").orElse("wait"))
                        .put("waitMinutes", minutes);
        return added(session, body);
    }

    private static ExitStatus added(Session session, tools.jackson.databind.node.ObjectNode body)
            throws IOException, InterruptedException {
        session.arguments().number("--position").ifPresent(at -> body.put("position", at));
        var path = ApiClient.path("plans", find(session).text("id"));
        session.api().post(path + "/steps", body);
        return shown(session, session.api().get(path));
    }

    private static String step(Session session) {
        return session.arguments()
                .text("--step")
                .orElseThrow(() -> new UsageException("name the step with --step"));
    }

    private static ExitStatus removeStep(Session session) throws IOException, InterruptedException {
        var id = find(session).text("id");
        session.api().delete(ApiClient.path("plans", id, "steps", step(session)));
        return shown(session, session.api().get(ApiClient.path("plans", id)));
    }

    private static ExitStatus moveStep(Session session) throws IOException, InterruptedException {
        var plan = find(session);
        var steps =
                new java.util.ArrayList<>(
                        plan.list("steps").stream().map(step -> step.text("id")).toList());
        var step = step(session);
        var position =
                session.arguments()
                        .number("--position")
                        .orElseThrow(() -> new UsageException("say where with --position"));
        if (position < 1 || position > steps.size()) {
            throw new UsageException("--position is a number from 1 to " + steps.size());
        }
        if (!steps.remove(step)) {
            throw new ApiException(404, "unknown-step", plan.text("name") + " has no step " + step);
        }
        steps.add(position - 1, step);
        var body = ApiClient.JSON.createObjectNode();
        steps.forEach(body.putArray("steps")::add);
        var path = ApiClient.path("plans", plan.text("id"), "order");
        return shown(session, session.api().put(path, body));
    }
}
