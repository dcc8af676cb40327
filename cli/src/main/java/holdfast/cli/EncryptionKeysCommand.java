package holdfast.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.databind.JsonNode;

/// `holdfast encryption-keys`: keys that data keys of servers are wrapped by.
final class EncryptionKeysCommand {
    private static final String KEY = "0b6f1a2c-5d3e-4f60-8a7b-9c0d1e2f3a4b";

    private EncryptionKeysCommand() {}

    static CommandSpec spec() {
        var keys =
                Syntax.group(
                        "encryption-keys",
                        "Manages keys of your own that encrypt servers; each is a file that can be taken away.");
        var create =
                Syntax.asking(
                        "create",
                        "Makes an encryption key and tells its ARN.",
                        EncryptionKeysCommand::create);
        create.addOption(Syntax.option("--name", "<name>", "What it is to be called."));
        create.addOption(region());
        var list =
                Syntax.asking(
                        "list",
                        "Lists the encryption keys, what they encrypt, and whether their files are there.",
                        EncryptionKeysCommand::list);
        list.addOption(region());
        var delete =
                Syntax.asking(
                        "delete",
                        "Destroys an encryption key that encrypts nothing.",
                        EncryptionKeysCommand::delete);
        delete.addPositional(Syntax.positional("<key>", "Its id or ARN."));
        var assign =
                Syntax.asking(
                        "assign",
                        "Has a server encrypted by a key; nothing is copied anew.",
                        EncryptionKeysCommand::assign);
        assign.addPositional(Syntax.positional("<server>", "Its id or host name."));
        assign.addOption(
                Syntax.option(
                        "--key",
                        "<key>",
                        "The key's id or ARN; without it, the installation's own."));
        Syntax.examples(keys, List.of("holdfast encryption-keys create --name finance"));
        Syntax.examples(create, List.of("holdfast encryption-keys create --name finance"));
        Syntax.examples(list, List.of("holdfast encryption-keys list"));
        Syntax.examples(delete, List.of("holdfast encryption-keys delete " + KEY));
        Syntax.examples(
                assign,
                List.of(
                        "holdfast encryption-keys assign web-1 --key " + KEY,
                        "holdfast encryption-keys assign web-1"));
        return keys.addSubcommand("create", create)
                .addSubcommand("list", list)
                .addSubcommand("assign", assign)
                .addSubcommand("delete", delete);
    }

    private static OptionSpec region() {
        return Syntax.option(
                "--region",
                "<region>",
                "Any region's name, for the ARNs: the installation answers to all; else AWS_REGION.");
    }

    private static Optional<String> region(Session session) {
        return session.arguments()
                .text("--region")
                .or(() -> Optional.ofNullable(session.context().environment().get("AWS_REGION")))
                .or(() ->
                        Optional.ofNullable(
                                session.context().environment().get("AWS_DEFAULT_REGION")))
                .filter(name -> !name.isBlank());
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var body = ApiClient.JSON.createObjectNode();
        session.arguments().text("--name").ifPresent(name -> body.put("name", name));
        region(session).ifPresent(name -> body.put("region", name));
        var key = session.api().post("/encryption-keys", body);
        if (session.json()) {
            session.print(key);
        } else {
            session.terminal().result(key.text("arn"));
            session.terminal()
                    .note(
                            "in "
                                    + key.text("file")
                                    + ": keep a copy; what it encrypts is lost without it");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var query = region(session).map(name -> "?region=" + name).orElse("");
        var answer = session.api().get("/encryption-keys" + query);
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ARN", "NAME", "CREATED", "ENCRYPTS", "FAULT");
        for (var key : answer.list("encryptionKeys")) {
            table.row(
                    key.text("arn"),
                    key.text("name"),
                    session.shown(key.instant("createdAt")),
                    users(key),
                    key.text("fault"));
        }
        session.print(table, "there is no encryption key");
        return ExitStatus.OK;
    }

    private static String users(Answer key) {
        var servers = key.json().path("servers").values().stream();
        var templates = key.json().path("templates").values().stream();
        return Stream.concat(servers, templates)
                .map(JsonNode::asString)
                .collect(Collectors.joining(", "));
    }

    private static ExitStatus assign(Session session) throws IOException, InterruptedException {
        var id = session.server(session.arguments().positional(0)).text("id");
        var path = ApiClient.path("servers", id, "encryption-key");
        var key = session.arguments().text("--key");
        var answer =
                key.isPresent()
                        ? session.api()
                                .put(path, ApiClient.JSON.createObjectNode().put("key", key.get()))
                        : session.api().delete(path);
        return told(
                session,
                answer,
                id + " is encrypted by " + key.orElse("the installation's own key"));
    }

    private static ExitStatus delete(Session session) throws IOException, InterruptedException {
        var key = session.arguments().positional(0);
        var id = key.substring(key.lastIndexOf('/') + 1);
        if (id.isEmpty()) {
            throw new UsageException(
                    "say which key by its id or ARN; holdfast encryption-keys list shows them");
        }
        return told(
                session,
                session.api().delete(ApiClient.path("encryption-keys", id)),
                key + " destroyed");
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
