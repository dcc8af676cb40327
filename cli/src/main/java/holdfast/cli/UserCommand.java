package holdfast.cli;

import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast user`: who may call the AWS API.
final class UserCommand {
    private UserCommand() {}

    static CommandSpec spec() {
        var user = Syntax.group("user", "Manages the users of the AWS API.");
        var create = Syntax.asking("create", "Makes a user.", UserCommand::create);
        create.addPositional(Syntax.positional("<name>", "What it is to be called."));
        create.addOption(role("What it may do; else read-only."));
        create.addOption(
                Syntax.option(
                        "--account",
                        "<account>",
                        "The id of the account whose user it is; else the home account's. holdfast account list shows them."));
        var list = Syntax.asking("list", "Lists the users.", UserCommand::list);
        var update = Syntax.asking("update", "Gives a user another role.", UserCommand::update);
        update.addPositional(Syntax.positional("<name>", "Its name."));
        update.addOption(role("What it may do from now on."));
        var delete =
                Syntax.asking(
                        "delete",
                        "Deletes a user with its keys: nothing signed with them is accepted any more.",
                        UserCommand::delete);
        delete.addPositional(Syntax.positional("<name>", "Its name."));
        Syntax.examples(user, List.of("holdfast user create ops --role operator"));
        Syntax.examples(
                create,
                List.of(
                        "holdfast user create ops --role operator",
                        "holdfast user create rollout --role agent-installation"));
        Syntax.examples(list, List.of("holdfast user list"));
        Syntax.examples(update, List.of("holdfast user update ops --role read-only"));
        Syntax.examples(delete, List.of("holdfast user delete ops"));
        return user.addSubcommand("create", create)
                .addSubcommand("list", list)
                .addSubcommand("update", update)
                .addSubcommand("delete", delete);
    }

    private static picocli.CommandLine.Model.OptionSpec role(String description) {
        return Syntax.option("--role", "<role>", description + " holdfast role list shows them.");
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var body =
                ApiClient.JSON
                        .createObjectNode()
                        .put("name", session.arguments().positional(0))
                        .put("role", session.arguments().text("--role").orElse("read-only"));
        session.arguments().text("--account").ifPresent(id -> body.put("account", id));
        return told(session, session.api().post("/users", body));
    }

    private static ExitStatus update(Session session) throws IOException, InterruptedException {
        var role =
                session.arguments()
                        .text("--role")
                        .orElseThrow(() -> new UsageException("name the new role with --role"));
        var path = ApiClient.path("users", session.arguments().positional(0));
        var body = ApiClient.JSON.createObjectNode().put("role", role);
        return told(session, session.api().put(path, body));
    }

    private static ExitStatus told(Session session, Answer user) {
        if (session.json()) {
            session.print(user);
        } else {
            session.terminal()
                    .result("user " + user.text("name") + " has the role " + user.text("role"));
        }
        return ExitStatus.OK;
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/users");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("NAME", "ROLE", "ACCOUNT", "CREATED");
        for (var user : answer.list("users")) {
            table.row(
                    user.text("name"),
                    user.text("role"),
                    user.text("account"),
                    session.shown(user.instant("createdAt")));
        }
        session.print(table, "there is no user");
        return ExitStatus.OK;
    }

    private static ExitStatus delete(Session session) throws IOException, InterruptedException {
        var name = session.arguments().positional(0);
        var answer = session.api().delete(ApiClient.path("users", name));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(name + " deleted");
        }
        return ExitStatus.OK;
    }
}
