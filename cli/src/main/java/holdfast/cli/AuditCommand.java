package holdfast.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast audit`: who changed what, and who was not let in.
final class AuditCommand {
    private static final int LIMIT = 50;

    private AuditCommand() {}

    static CommandSpec spec() {
        var audit =
                Syntax.asking(
                        "audit",
                        "Lists the calls that changed something and those that were refused, newest first.",
                        AuditCommand::list);
        audit.addOption(Syntax.option("--who", "<name>", "Only those of this user."));
        audit.addOption(
                Syntax.option(
                        "--action",
                        "<text>",
                        "Only those whose action has this in it, such as StartRecovery."));
        audit.addOption(
                Syntax.option("--from", "<time>", "Only from then on; written as for --at."));
        audit.addOption(Syntax.option("--to", "<time>", "Only up to then."));
        audit.addOption(
                Syntax.number(
                        "--limit", "<n>", "At most so many, up to 1000; else " + LIMIT + "."));
        var verify =
                Syntax.asking(
                        "verify",
                        "Reads the whole log and tells whether every entry is as it was written.",
                        AuditCommand::verify);
        Syntax.examples(
                audit, List.of("holdfast audit --who ops", "holdfast audit --from -1h --json"));
        Syntax.examples(verify, List.of("holdfast audit verify"), ExitStatus.DAMAGE);
        return audit.addSubcommand("verify", verify);
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var limit = session.arguments().number("--limit").orElse(LIMIT);
        var query = new ArrayList<String>();
        query.add("limit=" + limit);
        for (var name : List.of("who", "action")) {
            session.arguments().text("--" + name).ifPresent(text -> query.add(pair(name, text)));
        }
        for (var name : List.of("from", "to")) {
            session.time("--" + name).ifPresent(at -> query.add(pair(name, at.toString())));
        }
        var answer = session.api().get("/audit?" + String.join("&", query));
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("AT", "WHO", "FROM", "ACTION", "ON", "RESULT");
        for (var entry : answer.list("entries")) {
            table.row(
                    session.shown(entry.instant("at")),
                    who(entry),
                    entry.text("peer"),
                    entry.text("action"),
                    entry.json().path("on").values().stream()
                            .map(id -> id.asString(""))
                            .collect(Collectors.joining(" ")),
                    result(entry));
        }
        session.print(table, "nothing of the kind is in the audit log");
        return ExitStatus.OK;
    }

    private static String pair(String name, String value) {
        return name + "=" + ApiClient.path(value).substring(1);
    }

    private static String who(Answer entry) {
        if (entry.has("who")) {
            return entry.text("who")
                    + (entry.has("session") ? " (" + entry.text("session") + ")" : "");
        }
        return entry.has("key") ? "unknown (" + entry.text("key") + ")" : "unknown";
    }

    private static String result(Answer entry) {
        return switch (entry.text("phase")) {
            case "BEGUN" -> "not known: no end was written";
            case "DAMAGED" -> "damaged";
            case String phase -> {
                var error = entry.has("error") ? " " + entry.text("error") : "";
                yield (phase.equals("REFUSED") ? "refused: " : "") + entry.number("status") + error;
            }
        };
    }

    private static ExitStatus verify(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/audit/verification");
        var intact = answer.flag("intact");
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal()
                    .result(
                            intact
                                    ? answer.number("entries")
                                            + " entries, all as they were written"
                                    : answer.text("fault"));
        }
        return intact ? ExitStatus.OK : ExitStatus.DAMAGE;
    }
}
