package holdfast.cli;

import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast key`: the access keys with which AWS clients sign.
final class KeyCommand {
    private KeyCommand() {}

    static CommandSpec spec() {
        var key = Syntax.group("key", "Manages the access keys of AWS clients.");
        var create =
                Syntax.asking(
                        "create",
                        "Makes an access key and tells its secret, this once.",
                        KeyCommand::create);
        create.addOption(
                Syntax.option(
                        "--role",
                        "<role>",
                        "What its holder may do: admin, operator or read-only; else read-only."));
        var list = Syntax.asking("list", "Lists the access keys.", KeyCommand::list);
        var delete =
                Syntax.asking(
                        "delete",
                        "Deletes an access key: nothing signed with it is accepted any more.",
                        KeyCommand::delete);
        delete.addPositional(Syntax.positional("<id>", "Its id."));
        Syntax.examples(key, List.of("holdfast key create --role operator", "holdfast key list"));
        Syntax.examples(create, List.of("holdfast key create --role operator"));
        Syntax.examples(list, List.of("holdfast key list"));
        Syntax.examples(delete, List.of("holdfast key delete AKIAABCDEFGH23456789"));
        return key.addSubcommand("create", create)
                .addSubcommand("list", list)
                .addSubcommand("delete", delete);
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var role = session.arguments().text("--role").orElse("read-only");
        var answer =
                session.api().post("/keys", ApiClient.JSON.createObjectNode().put("role", role));
        if (session.json()) {
            session.print(answer);
        } else {
            // In the form that AWS clients read, to be appended to their credentials file.
            session.terminal().result("aws_access_key_id = " + answer.text("accessKeyId"));
            session.terminal().result("aws_secret_access_key = " + answer.text("secretAccessKey"));
            session.terminal().note("role " + answer.text("role") + "; not told again");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/keys");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ID", "ROLE", "CREATED");
        for (var key : answer.list("keys")) {
            table.row(
                    key.text("accessKeyId"),
                    key.text("role"),
                    session.shown(key.instant("createdAt")));
        }
        session.print(table, "there is no access key");
        return ExitStatus.OK;
    }

    private static ExitStatus delete(Session session) throws IOException, InterruptedException {
        var id = session.arguments().positional(0);
        var answer = session.api().delete(ApiClient.path("keys", id));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(id + " deleted");
        }
        return ExitStatus.OK;
    }
}
