package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Blocks;
import holdfast.replication.AgentReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class ReplicationTest {
    @Test
    void zerosOfAFirstCopyDoNotTravel() throws Exception {
        var rig = new Rig(1, 1000);
        rig.write(0, 100, 40, 1);
        rig.write(0, 900, 1, 1);
        rig.synced();
        assertThat(rig.replicator.blocksReceived).isEqualTo(41);
        assertHeld(rig);
    }

    @Test
    void anInterruptedFirstCopyGoesOnWhereItStopped() throws Exception {
        var rig = new Rig(1, 20_000);
        rig.write(0, 0, 20_000, 1);
        rig.replicator.whenRound = Rig::halt;
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        var before = rig.replicator.blocksReceived;
        assertThat(before).isBetween(1L, 19_000L);
        rig.replicator.whenRound = () -> {};
        rig.synced();
        // the acknowledgement of the first round did not arrive: its part travels once more
        assertThat(rig.replicator.blocksReceived).isEqualTo(20_000 + before);
        assertThat(rig.replicator.comparisons).isZero();
        assertHeld(rig);
    }

    @Test
    void zerosWrittenWhereAFirstCopyHasBeenDoTravel() throws Exception {
        var rig = new Rig(1, 500);
        rig.write(0, 0, 500, 1);
        rig.replicator.whenRound = Rig::halt; // stable, and the agent is killed
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        rig.replicator.whenRound = () -> {};
        for (var block = 0; block < 500; block += 3) {
            rig.machine.put(0, block, 0);
        }
        rig.synced();
        assertHeld(rig);
    }

    @Test
    void afterALostLinkOnlyChangesTravel() throws Exception {
        var rig = new Rig(1, 1000, 300);
        rig.write(0, 0, 1000, 1);
        rig.synced();
        var before = rig.replicator.blocksReceived;
        rig.write(0, 50, 10, 2);
        rig.write(1, 7, 3, 2);
        rig.untilPoints(1);
        assertThat(rig.replicator.blocksReceived - before).isEqualTo(13);
        assertThat(rig.replicator.comparisons).isZero();
        assertHeld(rig);
    }

    @Test
    void whatWasAcknowledgedBeforeTheLinkDiedDoesNotTravelAgain() throws Exception {
        var rig = new Rig(1, 1000);
        rig.synced();
        for (var block = 0; block < 100; block += 2) {
            rig.write(0, block, 1, 2); // fifty extents of one block
        }
        rig.replicator.dieAtSend = 31;
        rig.untilPoints(1);
        assertThat(rig.replicator.blocksReceived).isEqualTo(50);
        assertHeld(rig);
    }

    /// However long the round takes: a backlog that only the next flip showed would be zero until
    /// then.
    @Test
    void whatIsWrittenWhileARoundEndsIsReportedAsBacklog() throws Exception {
        var rig = new Rig(1, 1000);
        rig.synced();
        var reported = new int[1];
        rig.replicator.whenRoundEnds =
                (_, _) -> {
                    if (reported[0] == 0) {
                        reported[0] = rig.replicator.reports.size();
                        rig.write(0, 10, 7, 2);
                        rig.time.advance(Duration.ofSeconds(2));
                    }
                };
        rig.untilPoints(2);
        assertThat(rig.replicator.reports.get(reported[0]).disks().getFirst().backlogBytes())
                .isEqualTo(7 * Blocks.BLOCK_BYTES);
    }

    @Test
    void aRescanSendsOnlyWhatDiffers() throws Exception {
        var rig = new Rig(1, 3000);
        rig.write(0, 0, 3000, 1);
        rig.synced();
        var before = rig.replicator.blocksReceived;
        rig.write(0, 100, 3, 2);
        rig.write(0, 2990, 4, 2);
        rig.machine.forget(); // rebooted
        rig.untilPoints(2);
        assertThat(rig.replicator.blocksReceived - before).isEqualTo(7);
        assertThat(rig.replicator.comparisons).isPositive();
        assertThat(rig.board.report().state()).isEqualTo(AgentReport.State.CONTINUOUS);
        assertHeld(rig);
    }

    @Test
    void anInterruptedRescanGoesOnWhereItStopped() throws Exception {
        var rig = new Rig(1, 40_000);
        rig.write(0, 0, 40_000, 1);
        rig.synced();
        rig.machine.forget();
        var rounds = new int[1];
        rig.replicator.whenRoundEnds =
                (_, _) -> {
                    if (++rounds[0] == 2) {
                        Rig.halt();
                    }
                };
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        var before = rig.machine.bytesRead;
        rig.replicator.whenRoundEnds = (_, _) -> {};
        rig.untilPoints(1);
        assertThat(rig.machine.bytesRead - before)
                .isLessThan(30_000L * Blocks.BLOCK_BYTES)
                .isPositive();
        assertHeld(rig);
    }

    @Test
    void aReplicaThatLostAPointIsComparedAgain() throws Exception {
        var rig = new Rig(1, 500);
        rig.write(0, 0, 500, 1);
        rig.untilPoints(2);
        var old = rig.replicator.stable[0].clone();
        var oldRound = rig.replicator.lastRound;
        rig.write(0, 10, 20, 2);
        rig.untilPoints(2);
        System.arraycopy(old, 0, rig.replicator.stable[0], 0, old.length);
        rig.replicator.lastRound = oldRound;
        rig.untilPoints(1);
        assertThat(rig.replicator.comparisons).isPositive();
        assertHeld(rig);
    }

    @Test
    void anotherStagingAreaIsComparedInFull() throws Exception {
        var rig = new Rig(1, 500);
        rig.write(0, 0, 500, 1);
        rig.synced();
        rig.replicator.storeIdentity = "store-2";
        rig.replicator.stable[0] = new long[500];
        rig.untilPoints(1);
        assertThat(rig.replicator.comparisons).isPositive();
        assertHeld(rig);
    }

    @Test
    void aBlockRewrittenWithWhatItHeldDoesNotTravel() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        atRound(
                rig,
                List.of(
                        () -> rig.write(0, 5, 4, 7),
                        () -> {},
                        () -> rig.write(0, 5, 4, 7),
                        () -> {}));
        assertThat(rig.replicator.blocksReceived).isEqualTo(4);
        assertHeld(rig);
    }

    /// What is remembered as sent must not outlive what a comparison sends in its place.
    @Test
    void aBlockThatIsChangedBackTravels() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        atRound(
                rig,
                List.of(
                        () -> rig.write(0, 5, 4, 7),
                        () -> {},
                        () -> {
                            rig.write(0, 5, 4, 8);
                            rig.machine.lose(0, "events were lost");
                        },
                        () -> {},
                        () -> {},
                        () -> rig.write(0, 5, 4, 7),
                        () -> {}));
        assertHeld(rig);
    }

    @Test
    void anIdleServerMakesAPointEachSecond() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        var began = rig.time.now();
        var sent = rig.replicator.extentsReceived;
        rig.untilPoints(11);
        assertThat(Duration.between(began, rig.time.now())).isEqualTo(Duration.ofSeconds(10));
        assertThat(rig.replicator.extentsReceived).isEqualTo(sent);
        assertThat(rig.replicator.reports).hasSizeGreaterThanOrEqualTo(10);
        assertThat(rig.replicator.reports.getLast().state())
                .isEqualTo(AgentReport.State.CONTINUOUS);
    }

    @Test
    void aDiskThatCannotBeReadKeepsThePointsAndNotTheOtherDisks() throws Exception {
        var rig = new Rig(1, 100, 100);
        rig.synced();
        rig.machine.goneDisk = 1;
        rig.write(0, 3, 2, 5);
        rig.write(1, 3, 2, 5);
        var rounds = new int[1];
        rig.replicator.whenRoundEnds =
                (consistent, _) -> {
                    assertThat(consistent).isFalse();
                    if (++rounds[0] == 70) {
                        Rig.halt();
                    }
                };
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        assertThat(rig.replicator.stable[0]).isEqualTo(rig.machine.device[0]);
        assertThat(rig.board.report().state()).isEqualTo(AgentReport.State.BACKLOG);
        assertThat(rig.board.report().detail()).contains("/dev/fake1: no such device");
        rig.machine.goneDisk = -1;
        rig.replicator.whenRoundEnds = (_, _) -> {};
        rig.untilPoints(1);
        assertHeld(rig);
    }

    /// Else a disk with one block that is written all the time would have no points while a round
    /// takes longer than the time between two of these writes.
    @Test
    void aRoundThatMetANewerWriteFlipsAgainAndMakesItsPoint() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        rig.write(0, 5, 40, 7); // more than is read without the readers
        var newer = new int[] {0};
        rig.readers =
                read -> {
                    if (newer[0] == 0) {
                        rig.write(0, 6, 1, 700); // after the flip, and before it is read
                        newer[0]++;
                    }
                    read.run();
                };
        var endings = new ArrayList<Boolean>();
        rig.replicator.whenRoundEnds = (consistent, _) -> endings.add(consistent);
        var received = rig.replicator.blocksReceived;
        rig.untilPoints(1);
        assertThat(endings).containsExactly(true);
        assertThat(rig.replicator.blocksReceived - received).as("the newest of each").isEqualTo(40);
        assertHeld(rig);
    }

    /// The change that the tracker missed is read, and no conflict tells of it.
    @Test
    void aDiskThatTheTrackerLosesDuringARoundMakesNoPoint() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        rig.write(0, 5, 40, 7); // more than is read without the readers
        var armed = new boolean[] {true};
        rig.readers =
                read -> {
                    if (armed[0]) {
                        armed[0] = false;
                        rig.machine.device[0][6] = 777;
                        rig.machine.lose(0, "events were lost");
                    }
                    read.run();
                };
        var endings = new ArrayList<Boolean>();
        rig.replicator.whenRoundEnds = (consistent, _) -> endings.add(consistent);
        rig.untilPoints(1);
        assertThat(armed[0]).isFalse();
        assertThat(endings).startsWith(false).endsWith(true);
        assertHeld(rig);
    }

    @Test
    void aBacklogIsWorkedOffInPartsOfWhichNoneTravelsTwiceAndNoneIsAPoint() throws Exception {
        var rig = new Rig(1, 50_000);
        rig.synced();
        rig.write(0, 1000, 45_000, 1);
        rig.replicator.whenPoint =
                () -> assertThat(rig.replicator.stable).isDeepEqualTo(rig.machine.device);
        var parts = new int[1];
        rig.replicator.whenRoundEnds =
                (_, _) -> {
                    if (++parts[0] == 2) {
                        Rig.halt(); // killed in the second part
                    }
                };
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        var sentTwice = rig.replicator.blocksReceived;
        rig.replicator.whenRoundEnds = (_, _) -> {};
        rig.untilPoints(1);
        assertThat(sentTwice).isGreaterThan(20_000);
        assertThat(rig.replicator.blocksReceived)
                .as("the first part was acknowledged, the second was not")
                .isLessThan(sentTwice + 45_000 - 10_000);
        assertHeld(rig);
    }

    @Test
    void aResizedDiskEndsTheSession() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        rig.machine.extraBytes = 1 << 20;
        assertThatThrownBy(rig::session)
                .hasCauseInstanceOf(DisksChangedException.class)
                .hasMessageContaining("/dev/fake0 had 409600 bytes and has 1458176 now");
    }

    @Test
    void dataHeldStaysWithinTheLimitWhateverIsPending() throws Exception {
        var rig = new Rig(1, 5000);
        rig.heldBytesMax = 1 << 20;
        rig.write(0, 0, 5000, 1);
        var heldMax = new long[1];
        rig.machine.whenActed =
                () -> {
                    var sent = rig.replicator.blocksReceived * Blocks.BLOCK_BYTES;
                    heldMax[0] = Math.max(heldMax[0], rig.machine.bytesRead - sent);
                };
        rig.synced();
        assertThat(heldMax[0]).isBetween((1L << 20) - (256 << 10), 1L << 20);
    }

    @Test
    void aFreezeComesLastAndOnlyWhereAllowed() throws Exception {
        var rig = new Rig(1, 100);
        rig.synced();
        var frozen = new boolean[1];
        var freezes = new ArrayList<Duration>();
        var endings = new ArrayList<Boolean>();
        // a block that is written all the time
        rig.machine.whenActed =
                () -> {
                    if (!frozen[0]) {
                        rig.write(0, 9, 1, endings.size() % 2);
                    }
                };
        rig.replicator.whenRoundEnds =
                (consistent, isFrozen) -> {
                    assertThat(frozen[0]).as("thawed before it is sent").isFalse();
                    assertThat(consistent).isEqualTo(isFrozen);
                    endings.add(consistent);
                    if (endings.size() == 1000) {
                        Rig.halt();
                    }
                };
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        assertThat(endings).doesNotContain(true);
        assertThat(rig.board.report().state()).isEqualTo(AgentReport.State.BACKLOG);

        endings.clear();
        var atFreeze = new ArrayList<Duration>();
        rig.freezer =
                Optional.of((_, budget) ->
                        new Freezer.Prepared() {
                            @Override
                            public Freezer.Frozen freeze() {
                                frozen[0] = true;
                                freezes.add(budget);
                                atFreeze.add(rig.board.sincePoint());
                                return () -> frozen[0] = false;
                            }

                            @Override
                            public void close() {}
                        });
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        assertThat(endings).contains(true);
        assertThat(freezes).isNotEmpty().containsOnly(Duration.ofMillis(100));
        assertThat(atFreeze).allMatch(since -> since.compareTo(Duration.ofSeconds(60)) >= 0);
    }

    /// As in the field: readers and packers on threads of their own, writers going on meanwhile.
    @Test
    void pointsAreTrueWithManyThreads() throws Exception {
        for (var seed = 0L; seed < 4; seed++) {
            var rig = new Rig(seed, 2000, 1000);
            rig.startWriters(4);
            rig.replicator.deathPerMille = 1;
            rig.replicator.whenPoint = () -> assertThat(Points.violations(rig)).isEmpty();
            try (var readers = Executors.newFixedThreadPool(4);
                    var packers = Executors.newFixedThreadPool(2)) {
                rig.readers = readers;
                rig.packers = packers;
                rig.untilPoints(20);
                rig.machine.quiesce();
                rig.untilPoints(1);
            }
            assertHeld(rig);
        }
    }

    /// Runs a session; after each round but the last, the next of the deeds is done.
    private static void atRound(Rig rig, List<Runnable> deeds) throws Exception {
        var left = new ArrayList<>(deeds);
        rig.replicator.whenRound =
                () -> {
                    if (left.isEmpty()) {
                        Rig.halt();
                    }
                    left.removeFirst().run();
                };
        assertThatThrownBy(rig::session).isInstanceOf(Rig.Halt.class);
        rig.replicator.whenRound = () -> {};
    }

    private static void assertHeld(Rig rig) {
        assertThat(rig.replicator.stable).isDeepEqualTo(rig.machine.device);
    }
}
