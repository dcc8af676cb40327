package holdfast.cli;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.databind.node.ObjectNode;

/// `holdfast role`: what users of the AWS API may do.
final class RoleCommand {
    private RoleCommand() {}

    static CommandSpec spec() {
        var role = Syntax.group("role", "Manages what users of the AWS API may do.");
        var create = Syntax.asking("create", "Makes a role.", RoleCommand::create);
        create.addPositional(Syntax.positional("<name>", "What it is to be called."));
        create.addOption(actions());
        var list = Syntax.asking("list", "Lists the roles.", RoleCommand::list);
        var update =
                Syntax.asking(
                        "update", "Has a role allow other actions instead.", RoleCommand::update);
        update.addPositional(Syntax.positional("<name>", "Its name."));
        update.addOption(actions());
        var delete =
                Syntax.asking("delete", "Deletes a role that no user has.", RoleCommand::delete);
        delete.addPositional(Syntax.positional("<name>", "Its name."));
        var drills =
                "holdfast role create drills --action 'drs:Describe*' --action drs:StartRecovery";
        Syntax.examples(role, List.of("holdfast role list", drills));
        Syntax.examples(
                create,
                List.of(
                        drills,
                        "holdfast role create rollout --action sts:AssumeRole/agent-installation"));
        Syntax.examples(list, List.of("holdfast role list"));
        Syntax.examples(update, List.of("holdfast role update drills --action 'drs:*'"));
        Syntax.examples(delete, List.of("holdfast role delete drills"));
        return role.addSubcommand("create", create)
                .addSubcommand("list", list)
                .addSubcommand("update", update)
                .addSubcommand("delete", delete);
    }

    private static OptionSpec actions() {
        return OptionSpec.builder("--action")
                .type(String[].class)
                .arity("1")
                .paramLabel("<pattern>")
                .description(
                        "What it allows, such as drs:StartRecovery or 'drs:Describe*'. Once for each.")
                .build();
    }

    private static ObjectNode body(Session session) {
        var patterns = session.arguments().texts("--action");
        if (patterns.isEmpty()) {
            throw new UsageException("say what the role allows with --action, once for each");
        }
        var body = ApiClient.JSON.createObjectNode();
        patterns.forEach(body.putArray("actions")::add);
        return body;
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var body = body(session).put("name", session.arguments().positional(0));
        return told(session, session.api().post("/roles", body));
    }

    private static ExitStatus update(Session session) throws IOException, InterruptedException {
        var path = ApiClient.path("roles", session.arguments().positional(0));
        return told(session, session.api().put(path, body(session)));
    }

    private static ExitStatus told(Session session, Answer role) {
        if (session.json()) {
            session.print(role);
        } else {
            session.terminal().result("role " + role.text("name") + " allows " + allowed(role));
        }
        return ExitStatus.OK;
    }

    private static String allowed(Answer role) {
        return role.json().path("actions").values().stream()
                .map(action -> action.asString(""))
                .collect(Collectors.joining(" "));
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/roles");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("NAME", "BUILT IN", "ALLOWS");
        for (var role : answer.list("roles")) {
            table.row(role.text("name"), role.flag("builtIn") ? "yes" : "no", allowed(role));
        }
        session.print(table, "there is no role");
        return ExitStatus.OK;
    }

    private static ExitStatus delete(Session session) throws IOException, InterruptedException {
        var name = session.arguments().positional(0);
        var answer = session.api().delete(ApiClient.path("roles", name));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(name + " deleted");
        }
        return ExitStatus.OK;
    }
}
