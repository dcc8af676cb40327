package holdfast.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.JsonNode;

/// `holdfast account`: who has servers and users of their own.
final class AccountCommand {
    private AccountCommand() {}

    static CommandSpec spec() {
        var account =
                Syntax.group(
                        "account",
                        "Manages accounts, which see nothing of each other's servers and users.");
        var create = Syntax.asking("create", "Makes an account.", AccountCommand::create);
        create.addPositional(Syntax.positional("<name>", "What it is to be called."));
        var list = Syntax.asking("list", "Lists the accounts.", AccountCommand::list);
        var share =
                Syntax.asking(
                        "share",
                        "Lets another account show and recover servers of this one.",
                        session -> shares(session, true));
        var unshare =
                Syntax.asking(
                        "unshare",
                        "Ends that; recovery instances stay.",
                        session -> shares(session, false));
        for (var sharing : List.of(share, unshare)) {
            sharing.addPositional(
                    Syntax.positional("<account>", "Its id: the one with the servers."));
            sharing.addOption(Syntax.option("--with", "<account>", "The other one's id."));
        }
        var delete =
                Syntax.asking(
                        "delete", "Deletes an account that has nothing.", AccountCommand::delete);
        delete.addPositional(Syntax.positional("<account>", "Its id."));
        Syntax.examples(account, List.of("holdfast account create branch-office"));
        Syntax.examples(create, List.of("holdfast account create branch-office"));
        Syntax.examples(list, List.of("holdfast account list"));
        Syntax.examples(share, List.of("holdfast account share 123456789012 --with 210987654321"));
        Syntax.examples(
                unshare, List.of("holdfast account unshare 123456789012 --with 210987654321"));
        Syntax.examples(delete, List.of("holdfast account delete 210987654321"));
        return account.addSubcommand("create", create)
                .addSubcommand("list", list)
                .addSubcommand("share", share)
                .addSubcommand("unshare", unshare)
                .addSubcommand("delete", delete);
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var body = ApiClient.JSON.createObjectNode().put("name", session.arguments().positional(0));
        var account = session.api().post("/accounts", body);
        if (session.json()) {
            session.print(account);
        } else {
            session.terminal()
                    .result("account " + account.text("name") + " is " + account.text("id"));
        }
        return ExitStatus.OK;
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/accounts");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ACCOUNT", "NAME", "SHARED WITH");
        for (var account : answer.list("accounts")) {
            table.row(
                    account.text("id"),
                    account.text("name"),
                    account.json().path("sharedWith").values().stream()
                            .map(JsonNode::asString)
                            .collect(Collectors.joining(", ")));
        }
        session.print(table, "there is no account");
        return ExitStatus.OK;
    }

    private static ExitStatus shares(Session session, boolean allowed)
            throws IOException, InterruptedException {
        var id = session.arguments().positional(0);
        var with =
                session.arguments()
                        .text("--with")
                        .orElseThrow(
                                () -> new UsageException("name the other account with --with"));
        var path = ApiClient.path("accounts", id, "shares", with);
        var answer =
                allowed
                        ? session.api().put(path, ApiClient.JSON.createObjectNode())
                        : session.api().delete(path);
        return told(
                session,
                answer,
                String.format(
                        Locale.ROOT,
                        "account %s %s extend servers of account %s",
                        with,
                        allowed ? "may" : "may not",
                        id));
    }

    private static ExitStatus delete(Session session) throws IOException, InterruptedException {
        var id = session.arguments().positional(0);
        return told(session, session.api().delete(ApiClient.path("accounts", id)), id + " deleted");
    }

    private static ExitStatus told(Session session, Answer answer, String said) {
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(said);
        }
        return ExitStatus.OK;
    }
}
