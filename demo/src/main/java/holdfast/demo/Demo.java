package holdfast.demo;

import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The main job from end to end on a real disk: protect it under load, lose it, recover the newest
/// point and an earlier second, hold both against what the writer was told, boot the newest.
///
/// Runs the same commands that a user types, and says so as it goes.
public final class Demo {
    private static final Duration WRITER_PAUSE = Duration.ofMillis(2);
    private static final Duration LOAD = Duration.ofSeconds(12);
    private static final Duration SYNC_TIMEOUT = Duration.ofMinutes(3);

    private final DemoOptions options;
    private final Program holdfast;
    private final Processes processes;
    private final Network network;
    private final TimeSource time;
    private final Narrator narrator;
    private final Commands commands;

    public Demo(
            DemoOptions options,
            Program holdfast,
            Processes processes,
            Network network,
            TimeSource time,
            Narrator narrator) {
        this.options = options;
        this.holdfast = holdfast;
        this.processes = processes;
        this.network = network;
        this.time = time;
        this.narrator = narrator;
        this.commands = new Commands(processes);
    }

    /// Runs everything. The image is the source's disk and is destroyed when the source is lost.
    ///
    /// @throws IOException if a step cannot be done; what was started is taken down, unless kept
    public DemoReport run(Path image) throws IOException, InterruptedException {
        var installation =
                new Installation(holdfast, processes, network, time, options.workDirectory());
        try {
            return run(image, installation);
        } finally {
            if (!options.keep()) {
                takeDown(installation);
            }
        }
    }

    private DemoReport run(Path image, Installation installation)
            throws IOException, InterruptedException {
        var server = installation.startServer();
        narrator.step("server started", "holdfast server, process " + server.pid());
        Loss loss;
        try (var source =
                SourceMachine.start(commands, image, options.workDirectory().resolve("source"))) {
            loss = protectAndLose(source, installation);
        }
        var newest = installation.point(loss.lostAt());
        var earlier = installation.point(loss.noted());
        var recovery = recover(installation, loss, newest);
        var checks = new ArrayList<DemoReport.Check>();
        checks.add(check("newest point", newest, installation, loss));
        checks.add(check("noted second", earlier, installation, loss));
        return report(loss, newest, recovery, checks);
    }

    private Loss protectAndLose(SourceMachine source, Installation installation)
            throws IOException, InterruptedException {
        narrator.step("source attached", source.device() + ", root file system mounted");
        var writer = source.startWriter(processes, WRITER_PAUSE);
        narrator.step("writer started", "two files, every record synced to A before B");
        var agent = installation.startAgent(List.of("--disk", source.device().toString()));
        narrator.step("agent started", "holdfast agent run, process " + agent.pid());
        var synced = installation.awaitState("CONTINUOUS", agent, SYNC_TIMEOUT);
        narrator.step(
                "CONTINUOUS",
                String.format(
                        Locale.ROOT,
                        "first copy of %s: %s sent; every second from here on is recoverable",
                        Sizes.text(totalBytes(synced)),
                        Sizes.text(synced.required("sentBytes").asLong())));
        time.sleep(LOAD);
        var noted = time.now();
        narrator.step("a time noted", noted + ", " + writer.history().last() + " records so far");
        time.sleep(LOAD);
        var before = installation.server();
        if (!writer.isAlive()) {
            throw new IOException("the writer ended by itself; its complaint is above");
        }
        agent.destroyForcibly().waitFor();
        source.lose();
        var lostAt = time.now();
        var history = writer.history();
        narrator.step(
                "SOURCE LOST",
                "agent and writer killed, disk destroyed; " + history.last() + " records told");
        return new Loss(
                source.device(), source.rootOffsetBytes(), history, synced, before, noted, lostAt);
    }

    private Recovery recover(Installation installation, Loss loss, Installation.Point newest)
            throws IOException, InterruptedException {
        var begun = time.nanoTime();
        var job = command(installation, "recover", loss.serverId());
        var took = Duration.ofNanos(time.nanoTime() - begun);
        var instance = job.required("instances").get(0).asString();
        var record = installation.command("instances", "show", instance);
        var proof = record.required("bootProof");
        if (!proof.required("proven").asBoolean()) {
            throw new IOException("not proven to boot: " + proof.required("evidence").asString());
        }
        narrator.step(
                "BOOTED",
                newest.id() + " as " + instance + ": " + proof.required("evidence").asString());
        return new Recovery(instance, job, took);
    }

    /// Exports the point as an image and holds it against the history.
    private DemoReport.Check check(
            String what, Installation.Point point, Installation installation, Loss loss)
            throws IOException, InterruptedException {
        var image = options.workDirectory().resolve(point.id() + ".raw");
        command(
                installation,
                "export",
                loss.serverId(),
                "--disk",
                loss.device().toString(),
                "--point",
                point.id(),
                "--format",
                "raw",
                "--to",
                image.toString());
        var faults = new ArrayList<String>();
        RecordHistory.Verdict records;
        String fileSystem;
        try (var recovered =
                RecoveredImage.open(
                        commands,
                        image,
                        loss.rootOffsetBytes(),
                        options.workDirectory().resolve("check"))) {
            var root = recovered.root();
            fileSystem = recovered.fileSystem();
            records =
                    loss.history()
                            .check(
                                    root.resolve(SourceMachine.FILE_A),
                                    root.resolve(SourceMachine.FILE_B),
                                    point.instant());
            faults.addAll(records.faults());
            recovered.unmountAndCheck().ifPresent(faults::add);
        }
        Files.delete(image);
        narrator.step(
                faults.isEmpty() ? "PROVEN" : "WRONG",
                String.format(
                        Locale.ROOT,
                        "%s, %s: %s clean, A holds %d records, B %d, %d required",
                        what,
                        point.instant(),
                        fileSystem,
                        records.recordsInA(),
                        records.recordsInB(),
                        records.required()));
        faults.forEach(fault -> narrator.say("  " + fault));
        return new DemoReport.Check(what, point.id(), point.instant(), records, faults);
    }

    /// Shows the command as a user would type it, then runs it.
    private JsonNode command(Installation installation, String... arguments)
            throws IOException, InterruptedException {
        narrator.say("$ holdfast " + String.join(" ", arguments));
        return installation.command(arguments);
    }

    private DemoReport report(
            Loss loss,
            Installation.Point newest,
            Recovery recovery,
            List<DemoReport.Check> checks) {
        var history = loss.history();
        return new DemoReport(
                Duration.between(newest.instant(), loss.lostAt()),
                history.last() - history.lastBefore(newest.instant()),
                history.last(),
                DemoReport.phases(recovery.job()),
                recovery.took(),
                loss.before().required("changedBytes").asLong()
                        - loss.synced().required("changedBytes").asLong(),
                loss.before().required("sentBytes").asLong()
                        - loss.synced().required("sentBytes").asLong(),
                checks);
    }

    private void takeDown(Installation installation) throws IOException, InterruptedException {
        var instances = installation.attempt("instances");
        if (instances.status() == 0) {
            for (var instance : instances(instances.output())) {
                if (!instance.required("state").asString().equals("TERMINATED")) {
                    installation.attempt(
                            "instances", "terminate", instance.required("id").asString());
                }
            }
        }
        installation.close();
        commands.output("rm", "-rf", options.workDirectory().toString());
    }

    private static JsonNode instances(String answer) {
        return new JsonMapper().readTree(answer).required("instances");
    }

    private static long totalBytes(JsonNode server) {
        var total = 0L;
        for (var disk : server.required("disks")) {
            total += disk.required("totalBytes").asLong();
        }
        return total;
    }

    private record Recovery(String instance, JsonNode job, Duration took) {}

    /// What was known when the source was lost.
    private record Loss(
            Path device,
            long rootOffsetBytes,
            RecordHistory history,
            JsonNode synced,
            JsonNode before,
            Instant noted,
            Instant lostAt) {
        String serverId() {
            return before.required("id").asString();
        }
    }
}
