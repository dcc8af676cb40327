package holdfast.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast verify` and `holdfast scrub`: read stored data back and check every checksum.
final class CheckCommand {
    /// Lines of damage shown to a person; the JSON holds all of it.
    private static final int SHOWN_MAX = 20;

    private CheckCommand() {}

    static CommandSpec verify() {
        var spec =
                Syntax.asking(
                        "verify",
                        "Reads a whole point of a server back and checks every checksum.",
                        session -> {
                            var request = ApiClient.JSON.createObjectNode();
                            var server = session.server(session.arguments().positional(0));
                            request.put("server", server.text("id"));
                            RecoverCommand.chooseTime(session, request);
                            return report(session, session.api().post("/verifications", request));
                        });
        spec.addPositional(Syntax.positional("<server>", "Its id or host name."));
        spec.addOption(Syntax.at("Check the newest point at or before this time; else the newest"));
        spec.addOption(
                Syntax.option("--point", "<id>", "Check this point, as holdfast points lists it."));
        return Syntax.examples(
                spec,
                List.of("holdfast verify web-1", "holdfast verify web-1 --at 14:29:59 --json"),
                ExitStatus.DAMAGE);
    }

    static CommandSpec scrub() {
        var spec =
                Syntax.asking(
                        "scrub",
                        "Reads every stored byte of the staging area and checks it.",
                        session ->
                                report(
                                        session,
                                        session.api()
                                                .post(
                                                        "/scrubs",
                                                        ApiClient.JSON.createObjectNode())));
        return Syntax.examples(spec, List.of("holdfast scrub"), ExitStatus.DAMAGE);
    }

    private static ExitStatus report(Session session, Answer started)
            throws IOException, InterruptedException {
        var job = session.await(started);
        var result = job.child("result");
        var damage = result.list("damage");
        if (session.json()) {
            session.print(job);
        } else {
            damage.stream().limit(SHOWN_MAX).forEach(d -> session.terminal().result(line(d)));
            if (damage.size() > SHOWN_MAX) {
                session.terminal()
                        .result(
                                String.format(
                                        Locale.ROOT,
                                        "and %d more; see --json",
                                        damage.size() - SHOWN_MAX));
            }
            session.terminal().result(summary(job, result, damage.size()));
        }
        if (!damage.isEmpty()) {
            return ExitStatus.DAMAGE;
        }
        return job.text("state").equals("COMPLETED") ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    private static String summary(Answer job, Answer result, int damaged) {
        if (!job.text("state").equals("COMPLETED") && damaged == 0) {
            return "not checked: " + job.text("reason");
        }
        var read = new StringJoiner(", ");
        if (result.has("filesRead")) {
            read.add(result.number("filesRead") + " files");
        }
        read.add(Units.bytes(result.number("bytesRead")));
        var extents =
                Optional.of("extentsChecked")
                        .filter(result::has)
                        .map(result::number)
                        .orElseGet(() -> result.number("extents"));
        read.add(extents + " extents");
        return String.format(
                Locale.ROOT,
                "%s read: %s",
                read,
                damaged == 0 ? "no damage" : damaged + " damaged places");
    }

    private static String line(Answer damage) {
        var range =
                damage.has("offsetBytes") && damage.number("offsetBytes") >= 0
                        ? String.format(
                                Locale.ROOT,
                                "bytes %d to %d",
                                damage.number("offsetBytes"),
                                damage.number("offsetBytes") + damage.number("lengthBytes") - 1)
                        : "range unknown";
        return String.format(
                Locale.ROOT,
                "damaged: volume %s, %s, in %s at %d: %s",
                damage.text("volume"),
                range,
                damage.text("file"),
                damage.number("fileOffsetBytes"),
                damage.text("what"));
    }
}
