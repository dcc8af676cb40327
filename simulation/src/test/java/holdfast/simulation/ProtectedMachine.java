package holdfast.simulation;

import holdfast.agent.Agent;
import holdfast.agent.AgentSeams;
import holdfast.agent.AgentSettings;
import holdfast.base.RefusalException;
import holdfast.replication.BandwidthLimit;
import holdfast.replication.ReplicationLinks;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// A source machine with what runs on it: programs that write, and the agent, which is started
/// again whenever it ends.
final class ProtectedMachine {
    private static final Pattern LAST_POINT = Pattern.compile("\"lastPoint\":\"([^\"]+)\"");

    final SourceMachine machine;
    private final Ground ground;
    private final Ledger ledger;
    private final SplittableRandom random;
    private final AgentSettings settings;
    private Optional<Writers> writers = Optional.empty();
    private Optional<SimProcess> writing = Optional.empty();
    Optional<SimProcess> agent = Optional.empty();

    ProtectedMachine(Ground ground, Ledger ledger, SourceMachine machine, SplittableRandom random) {
        this.ground = ground;
        this.ledger = ledger;
        this.machine = machine;
        this.random = random;
        this.settings =
                new AgentSettings(
                        Installation.AGENT_STATE,
                        IntStream.range(0, machine.device.length)
                                .mapToObj(SourceMachine::path)
                                .toList(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        OptionalLong.empty(),
                        Optional.empty(),
                        AgentSettings.Pacing.USUAL,
                        new AgentSettings.Resources(
                                1 + random.nextInt(3),
                                1 + random.nextInt(2),
                                (256L << 10) << random.nextInt(4),
                                1 << 10));
    }

    void boot() {
        if (machine.host.isPowered() && writing.isPresent()) {
            return; // the power was cut twice
        }
        machine.host.power(true);
        var process = ground.process(machine.host, "writers of " + machine.serverId);
        writing = Optional.of(process);
        var record = writers.map(Writers::record).orElse(0);
        writers =
                Optional.of(
                        new Writers(ground.scheduler, machine, random.split(), process, record));
        startAgent();
    }

    private void startAgent() {
        var process = ground.process(machine.host, "agent of " + machine.serverId);
        agent = Optional.of(process);
        process.whenEnded(() -> restart(process));
        process.start("agent", () -> runAgent(process));
        process.start("status", () -> watchStatus(process));
    }

    private void restart(SimProcess process) {
        ground.scheduler.after(
                500_000_000 + random.nextLong(3_000_000_000L),
                () -> {
                    if (machine.host.isPowered() && agent.equals(Optional.of(process))) {
                        startAgent();
                    }
                });
    }

    private void runAgent(SimProcess process) {
        var time = new SimTime(ground.scheduler, process);
        var source = ground.randomSource();
        var view = ground.network.of(process);
        var seams =
                new AgentSeams(
                        time,
                        source,
                        ground.files(process),
                        view,
                        machine.disks(),
                        Path.of("/nonexistent"),
                        "0.1",
                        _ -> new SimTracker(ground.scheduler, machine, time),
                        (identity, _, facts, disks) ->
                                new ReplicationLinks(
                                                view,
                                                time,
                                                source,
                                                identity,
                                                new BandwidthLimit(time, 0))
                                        .connect(StagingServer.ADDRESS, facts, disks),
                        (_, _) -> {
                            throw new IOException("nothing to freeze");
                        });
        try {
            new Agent(settings, seams).run();
        } catch (IOException | RefusalException e) {
            ground.log(machine.serverId + "'s agent ends: " + e.getMessage());
        }
        process.kill();
    }

    /// What the agent says of itself must be so.
    private void watchStatus(SimProcess process) {
        while (true) {
            ground.scheduler.sleepThroughInterrupts(3_000_000_000L);
            try {
                var status = Agent.status(ground.network.of(process), Installation.AGENT_STATE);
                var point = LAST_POINT.matcher(status);
                if (point.find()) {
                    ledger.claimed(machine, Instant.parse(point.group(1)));
                }
            } catch (IOException _) {
                // it is not up yet
            }
        }
    }

    void cutPower() {
        machine.host.power(false);
        agent.ifPresent(SimProcess::kill);
        writing.ifPresent(SimProcess::kill);
        agent = Optional.empty();
        writing = Optional.empty();
        machine.cutPower();
        machine.host.disk.crash();
        ground.scheduler.after(2_000_000_000L + random.nextLong(8_000_000_000L), this::boot);
    }

    /// What the programs have begun still completes.
    void stopWriters() {
        writers.ifPresent(Writers::stop);
    }

    boolean isAtRest() {
        return writers.isPresent() && writers.get().haveStopped();
    }
}
