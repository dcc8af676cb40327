package holdfast.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/// `holdfast networks`: what source servers are in, and what is made of it on the launch host.
final class NetworksCommand {
    private static final long FILE_BYTES_MAX = 64 << 10;

    private NetworksCommand() {}

    static CommandSpec spec() {
        var list =
                Syntax.asking(
                        "networks",
                        "Lists the networks that source servers are in.",
                        NetworksCommand::list);
        Syntax.examples(
                list,
                List.of(
                        "holdfast networks",
                        "holdfast networks set vpc-0123456789abcdef0 --file web.json"));
        list.addSubcommand(
                "show",
                named(
                        "show",
                        "Shows a network as JSON.",
                        "<network>",
                        "vpc-0123456789abcdef0",
                        NetworksCommand::show));
        list.addSubcommand(
                "set",
                file(
                        "set",
                        "Says what a network is like, instead of what was said before.",
                        "<network>",
                        "vpc-0123456789abcdef0 --file web.json",
                        "JSON: gateway, range, nameServers, domain, rules, each as show tells it and each only if it is to be other than agents tell.",
                        NetworksCommand::set));
        var stacks =
                Syntax.asking(
                        "stacks",
                        "Lists the networks that recovery instances are launched into.",
                        NetworksCommand::stacks);
        list.addSubcommand("stacks", Syntax.examples(stacks, List.of("holdfast networks stacks")));
        list.addSubcommand(
                "import",
                file(
                        "import",
                        "Makes a stack of an exported template.",
                        "<stack>",
                        "site-b --file template.json",
                        "The template: JSON, as ExportSourceNetworkCfnTemplate of the AWS API gives it.",
                        NetworksCommand::importTemplate));
        list.addSubcommand(
                "delete-stack",
                named(
                        "delete-stack",
                        "Deletes a stack that is not in use.",
                        "<stack>",
                        "site-b",
                        NetworksCommand::deleteStack));
        return list;
    }

    private static CommandSpec named(
            String name, String description, String label, String example, Session.Turn turn) {
        var command = Syntax.asking(name, description, turn);
        command.addPositional(
                Syntax.positional(label, label.equals("<stack>") ? "Its name." : "Its id."));
        return Syntax.examples(command, List.of("holdfast networks " + name + " " + example));
    }

    private static CommandSpec file(
            String name,
            String description,
            String label,
            String example,
            String content,
            Session.Turn turn) {
        var command = named(name, description, label, example, turn);
        return command.addOption(Syntax.option("--file", "<file>", content));
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/networks");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ID", "SUBNET", "GATEWAY", "RULES", "SERVERS");
        for (var network : answer.list("networks")) {
            table.row(
                    network.text("id"),
                    network.text("subnet"),
                    network.text("gateway"),
                    Integer.toString(network.list("rules").size()),
                    network.list("members").stream()
                            .map(member -> member.text("server"))
                            .distinct()
                            .collect(Collectors.joining(", ")));
        }
        session.print(table, "no agent tells of a network");
        return ExitStatus.OK;
    }

    /// It has so many parts that people are shown them as they would write them.
    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        session.print(session.api().get(path(session)));
        return ExitStatus.OK;
    }

    private static ExitStatus set(Session session) throws IOException, InterruptedException {
        session.print(session.api().put(path(session), object(session)));
        return ExitStatus.OK;
    }

    private static String path(Session session) {
        return ApiClient.path("networks", session.arguments().positional(0));
    }

    private static ExitStatus stacks(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/stacks");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("NAME", "NETWORK", "SUBNET", "MADE OF");
        for (var stack : answer.list("stacks")) {
            table.row(
                    stack.text("name"),
                    stack.text("network"),
                    stack.child("description").text("subnet"),
                    stack.has("sourceNetwork") ? stack.text("sourceNetwork") : "a template");
        }
        session.print(table, "there is no stack");
        return ExitStatus.OK;
    }

    private static ExitStatus importTemplate(Session session)
            throws IOException, InterruptedException {
        var name = session.arguments().positional(0);
        var body = ApiClient.JSON.createObjectNode().put("name", name);
        body.set("template", object(session));
        var stack = session.api().post("/stacks", body);
        if (session.json()) {
            session.print(stack);
        } else {
            session.terminal()
                    .result(
                            "stack "
                                    + name
                                    + " made; AssociateSourceNetworkStack has source networks recovered into it");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus deleteStack(Session session)
            throws IOException, InterruptedException {
        var name = session.arguments().positional(0);
        var answer = session.api().delete(ApiClient.path("stacks", name));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal().result(name + " deleted");
        }
        return ExitStatus.OK;
    }

    private static ObjectNode object(Session session) throws IOException {
        var file =
                session.arguments()
                        .text("--file")
                        .map(Path::of)
                        .orElseThrow(() -> new UsageException("say which file with --file"));
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new UsageException(file + " exceeds " + FILE_BYTES_MAX + " bytes");
            }
            if (ApiClient.JSON.readTree(Files.readString(file)) instanceof ObjectNode object) {
                return object;
            }
            throw new UsageException(file + " is not a JSON object");
        } catch (NoSuchFileException _) {
            throw new UsageException("there is no file " + file);
        } catch (JacksonException e) {
            throw new UsageException(file + " is not JSON: " + e.getOriginalMessage());
        }
    }
}
