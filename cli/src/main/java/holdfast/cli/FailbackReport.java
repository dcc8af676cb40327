package holdfast.cli;

import holdfast.base.Blocks;
import holdfast.failback.Outcome;
import java.time.Duration;
import java.util.Locale;

/// How a failback, or a dry one, ended: for people, or as the JSON of `docs/cli.md`.
final class FailbackReport {
    private FailbackReport() {}

    static void print(Outcome outcome, Arguments arguments, Context context) {
        if (arguments.flag("--json")) {
            context.terminal().result(json(outcome));
        } else {
            show(outcome, context.terminal());
        }
    }

    private static void show(Outcome outcome, Terminal terminal) {
        switch (outcome) {
            case Outcome.Completed completed ->
                    terminal.result(
                            completed.instance()
                                    + " is home: "
                                    + completed.words()
                                    + "; "
                                    + Units.bytes(completed.receivedBytes())
                                    + " received, "
                                    + Units.bytes(completed.sentBytes())
                                    + " sent. Start this machine from its disks.");
            case Outcome.Dry dry -> {
                for (var disk : dry.disks()) {
                    terminal.result(
                            String.format(
                                    Locale.ROOT,
                                    "%s -> %s: %s of %s differ, in %d places",
                                    disk.recovery(),
                                    disk.local(),
                                    Units.bytes(disk.differingBytes()),
                                    Units.bytes(disk.totalBytes()),
                                    disk.differing().size()));
                }
                terminal.result(
                        "a failback would take "
                                + dry.estimate().map(Units::span).orElse("no time")
                                + "; nothing was written");
            }
        }
    }

    private static String json(Outcome outcome) {
        var json = ApiClient.JSON.createObjectNode();
        switch (outcome) {
            case Outcome.Completed completed ->
                    json.put("instance", completed.instance())
                            .put("complete", true)
                            .put("sentBytes", completed.sentBytes())
                            .put("receivedBytes", completed.receivedBytes());
            case Outcome.Dry dry -> {
                json.put("instance", dry.instance())
                        .put("complete", false)
                        .put("sentBytes", dry.sentBytes())
                        .put("receivedBytes", dry.receivedBytes());
                dry.estimate()
                        .map(Duration::toMillis)
                        .ifPresent(ms -> json.put("estimateMillis", ms));
                var disks = json.putArray("disks");
                for (var disk : dry.disks()) {
                    var one =
                            disks.addObject()
                                    .put("recovery", disk.recovery())
                                    .put("local", disk.local())
                                    .put("totalBytes", disk.totalBytes())
                                    .put("differingBytes", disk.differingBytes());
                    var runs = one.putArray("differing");
                    for (var run : disk.differing()) {
                        runs.addObject()
                                .put("offsetBytes", run.firstBlock() * Blocks.BLOCK_BYTES)
                                .put("lengthBytes", run.blockCount() * Blocks.BLOCK_BYTES);
                    }
                }
            }
        }
        return json.toPrettyString();
    }
}
