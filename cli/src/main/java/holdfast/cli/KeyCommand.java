package holdfast.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast key`: the access keys with which AWS clients sign.
final class KeyCommand {
    private static final Duration OLD_VALID_FOR = Duration.ofDays(1);

    private KeyCommand() {}

    static CommandSpec spec() {
        var key = Syntax.group("key", "Manages the access keys of AWS clients.");
        var create =
                Syntax.asking(
                        "create",
                        "Makes an access key for a user and tells its secret, this once.",
                        KeyCommand::create);
        create.addOption(
                Syntax.option("--user", "<name>", "Whose it is; holdfast user list shows them."));
        var list = Syntax.asking("list", "Lists the access keys.", KeyCommand::list);
        list.addOption(Syntax.option("--user", "<name>", "Only those of this user."));
        var rotate =
                Syntax.asking(
                        "rotate",
                        "Makes another key that takes an access key's place, and tells its secret, this once.",
                        KeyCommand::rotate);
        rotate.addPositional(Syntax.positional("<id>", "Id of the key to be replaced."));
        rotate.addOption(
                Syntax.option(
                        "--old-valid-for",
                        "<duration>",
                        "How long the old one is still accepted, such as 2h or 0s, at most 30d; else 1d."));
        Syntax.examples(key, List.of("holdfast key create --user ops", "holdfast key list"));
        Syntax.examples(create, List.of("holdfast key create --user ops"));
        Syntax.examples(list, List.of("holdfast key list", "holdfast key list --user ops"));
        Syntax.examples(
                rotate, List.of("holdfast key rotate AKIAABCDEFGH23456789 --old-valid-for 2h"));
        return key.addSubcommand("create", create)
                .addSubcommand("list", list)
                .addSubcommand("rotate", rotate)
                .addSubcommand(
                        "disable",
                        ofOne(
                                "disable",
                                "Has nothing accepted that is signed with an access key, until it is enabled.",
                                session -> activate(session, false)))
                .addSubcommand(
                        "enable",
                        ofOne(
                                "enable",
                                "Has what is signed with an access key accepted again.",
                                session -> activate(session, true)))
                .addSubcommand(
                        "delete",
                        ofOne(
                                "delete",
                                "Deletes an access key: nothing signed with it is accepted any more.",
                                KeyCommand::delete));
    }

    private static CommandSpec ofOne(String name, String description, Session.Turn turn) {
        var command = Syntax.asking(name, description, turn);
        command.addPositional(Syntax.positional("<id>", "Its id."));
        return Syntax.examples(command, List.of("holdfast key " + name + " AKIAABCDEFGH23456789"));
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var user =
                session.arguments()
                        .text("--user")
                        .orElseThrow(() ->
                                new UsageException(
                                        "say whose key it is with --user; holdfast user create makes one"));
        var body = ApiClient.JSON.createObjectNode().put("user", user);
        return made(session, session.api().post("/keys", body));
    }

    private static ExitStatus rotate(Session session) throws IOException, InterruptedException {
        var validFor =
                session.arguments()
                        .text("--old-valid-for")
                        .map(KeyCommand::duration)
                        .orElse(OLD_VALID_FOR);
        var path = ApiClient.path("keys", session.arguments().positional(0), "rotate");
        var body =
                ApiClient.JSON.createObjectNode().put("oldValidForSeconds", validFor.toSeconds());
        return made(session, session.api().post(path, body));
    }

    private static Duration duration(String text) {
        return TimeArgument.duration(text)
                .orElseThrow(() ->
                        new UsageException(
                                "--old-valid-for is a duration such as 2h or 1d, not '"
                                        + text
                                        + "'"));
    }

    private static ExitStatus made(Session session, Answer key) {
        if (session.json()) {
            session.print(key);
        } else {
            // In the form that AWS clients read, to be appended to their credentials file.
            session.terminal().result("aws_access_key_id = " + key.text("accessKeyId"));
            session.terminal().result("aws_secret_access_key = " + key.text("secretAccessKey"));
            session.terminal().note("of user " + key.text("user") + "; not told again");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var user = session.arguments().text("--user");
        var query = user.map(name -> "?user=" + ApiClient.path(name).substring(1)).orElse("");
        var answer = session.api().get("/keys" + query);
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ID", "USER", "ACTIVE", "CREATED", "VALID UNTIL");
        for (var key : answer.list("keys")) {
            table.row(
                    key.text("accessKeyId"),
                    key.text("user"),
                    key.flag("active") ? "yes" : "no",
                    session.shown(key.instant("createdAt")),
                    session.shown(key.instant("expiresAt")));
        }
        session.print(table, "there is no access key");
        return ExitStatus.OK;
    }

    private static ExitStatus activate(Session session, boolean active)
            throws IOException, InterruptedException {
        var id = session.arguments().positional(0);
        var body = ApiClient.JSON.createObjectNode().put("active", active);
        var answer = session.api().put(ApiClient.path("keys", id), body);
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(id + (active ? " enabled" : " disabled"));
        }
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
