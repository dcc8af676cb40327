package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How a recovery instance that runs elsewhere ends when it is failed back.
class LastRoundTest {
    @TempDir Path directory;

    /// So that nothing is acknowledged to a writer that is not brought home.
    @Test
    void aLastRoundIsHeldFrozenUntilThePowerIsOff() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        var frozen = new boolean[1];
        rig.machine.whenActed =
                () -> {
                    if (!frozen[0]) {
                        rig.write(0, 9, 1, rig.replicator.newestRound);
                    }
                };
        var root = Files.createDirectories(directory.resolve("proc")).getParent();
        rig.lastRound =
                new LastRound(
                        freezing(frozen), AgentSettings.Ending.POWER_OFF, root, LastRound.BUDGET);
        rig.replicator.finishAsked = true;
        rig.replicator.name = "i-1";
        var last = new long[1];
        rig.replicator.whenFinished =
                round -> {
                    last[0] = round;
                    assertThat(frozen[0]).isTrue();
                    assertThat(rig.replicator.lastRound).as("it is a point").isEqualTo(round);
                    assertThat(rig.replicator.stable).isDeepEqualTo(rig.machine.device);
                };
        var trigger = root.resolve("proc/sysrq-trigger");
        var atRest = new boolean[1];
        rig.time.whenSlept = () -> atRest[0] = Files.exists(trigger) && frozen[0];
        rig.session();
        assertThat(rig.finished).isTrue();
        assertThat(last[0]).isPositive();
        assertThat(trigger).hasContent("o");
        assertThat(atRest[0]).as("while the kernel powers off").isTrue();
    }

    /// The machine is not to hang because a server does.
    @Test
    void aLastRoundThatNobodyRecordsLetsTheMachineGoOn() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        var frozen = new boolean[1];
        rig.lastRound =
                new LastRound(
                        freezing(frozen),
                        AgentSettings.Ending.POWER_OFF,
                        directory,
                        Duration.ofMillis(1));
        rig.replicator.finishAsked = true;
        rig.replicator.name = "i-1";
        rig.replicator.records = false;
        var rounds = new int[1];
        rig.replicator.whenRoundEnds =
                (_, isFrozen) -> {
                    if (!isFrozen && rounds[0] > 0) {
                        assertThat(frozen[0]).isFalse();
                        Rig.halt();
                    }
                    rounds[0]++;
                };
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        assertThat(rig.finished).isFalse();
        assertThat(directory.resolve("proc")).doesNotExist();
    }

    @Test
    void aSourceServerIsStoppedByNobody() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        rig.lastRound =
                new LastRound(
                        (_, _) -> {
                            throw new AssertionError("frozen");
                        },
                        AgentSettings.Ending.POWER_OFF,
                        directory,
                        LastRound.BUDGET);
        rig.replicator.finishAsked = true;
        rig.untilPoints(3);
        assertThat(rig.finished).isFalse();
    }

    private static Freezer freezing(boolean[] frozen) {
        return (_, _) ->
                new Freezer.Prepared() {
                    @Override
                    public Freezer.Frozen freeze() {
                        frozen[0] = true;
                        return () -> frozen[0] = false;
                    }

                    @Override
                    public void close() {}
                };
    }
}
