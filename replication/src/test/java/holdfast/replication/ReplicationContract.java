package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Network;
import holdfast.base.RefusalException;
import holdfast.volume.VolumeId;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What agent and replicator promise each other, over whatever network.
@Timeout(60)
abstract class ReplicationContract {
    private static final long DISK_BYTES = 64L << 20;
    private static final Instant INSTANT = Instant.parse("2026-11-01T12:00:00.123456789Z");
    private static final String SERVER = "s-00000000000000001";
    private static final String OTHER = "s-00000000000000002";

    @TempDir Path directory;
    private Stage stage;

    abstract Network network();

    abstract SocketAddress address();

    @BeforeEach
    void start() throws IOException {
        stage = new Stage(network(), address(), directory, Replicator.Limits.DEFAULT);
    }

    @AfterEach
    void stop() throws IOException {
        stage.close();
    }

    @Test
    void whatWasSentIsInTheReplicaAndTheRoundBecomesAPoint() throws Exception {
        try (var link = stage.link(SERVER, DISK_BYTES, DISK_BYTES)) {
            var durable = new AtomicInteger();
            for (var i = 0; i < 100; i++) {
                link.send(i % 2, Samples.extent(i * 4L, 4, i), durable::incrementAndGet);
            }
            get(link.endRound(7, true, true, INSTANT, 42));
            assertThat(durable).hasValue(100);
            for (var i = 0; i < 100; i++) {
                var found = stage.store.block(volume(link, i % 2), i * 4L + 3);
                assertThat(found).containsOnly(i);
            }
            var point = stage.host.points.poll(30, TimeUnit.SECONDS);
            assertThat(point.owner()).isEqualTo(SERVER);
            assertThat(point.instant()).isEqualTo(INSTANT);
            assertThat(point.ageMillis()).isEqualTo(42);
            assertThat(point.round()).isEqualTo(7);
            assertThat(point.frozen()).isTrue();
        }
    }

    @Test
    void aRoundThatIsNotConsistentMakesNoPoint() throws Exception {
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            link.send(0, Samples.extent(0, 1, 1), () -> {});
            get(link.endRound(1, false, false, INSTANT, 0));
            assertThat(stage.store.newestPoint(SERVER)).isEmpty();
            assertThat(stage.host.points).isEmpty();
        }
    }

    @Test
    void nothingIsAcknowledgedBeforeItIsDurable() throws Exception {
        stage.store.hold();
        try (var link = stage.link(SERVER, DISK_BYTES, DISK_BYTES)) {
            var durable = new CountDownLatch(1);
            link.send(0, Samples.extent(0, 1, 1), durable::countDown);
            var round = link.endRound(1, true, false, INSTANT, 0);
            stage.store.awaitHeld(2);
            askSomething(link, 1); // an acknowledgement sent at once would be here by now
            assertThat(durable.getCount()).isEqualTo(1);
            assertThat(round).isNotDone();
            stage.store.completeOldest();
            assertThat(durable.await(30, TimeUnit.SECONDS)).isTrue();
            askSomething(link, 1);
            assertThat(round).isNotDone();
            stage.store.completeOldest();
            get(round);
        }
    }

    @Test
    void acknowledgementsComeInTheOrderOfSending() throws Exception {
        stage.store.hold();
        try (var link = stage.link(SERVER, DISK_BYTES, DISK_BYTES, DISK_BYTES)) {
            var order = new LinkedBlockingQueue<Integer>();
            link.send(0, Samples.extent(0, 1, 1), () -> order.add(0));
            link.send(1, Samples.extent(0, 1, 1), () -> order.add(1));
            stage.store.awaitHeld(2);
            stage.store.completeNewest();
            askSomething(link, 2);
            assertThat(order).isEmpty();
            stage.store.completeOldest();
            assertThat(order.poll(30, TimeUnit.SECONDS)).isEqualTo(0);
            assertThat(order.poll(30, TimeUnit.SECONDS)).isEqualTo(1);
        }
    }

    @Test
    void aComparisonCountsWhatWasSentBeforeAndNamesWhatDiffersOrCannotBeRead() throws Exception {
        var odd = 10 * 4096 + 512; // the last block is there in part
        try (var link = stage.link(SERVER, odd)) {
            link.send(0, Samples.extent(0, 8, 5), () -> {});
            link.send(0, Samples.extent(4, 2, 6), () -> {});
            var same = Samples.digests(2, 5, 5, 6, 5, 0);
            assertThat(get(link.compare(0, 0, 10, 2, same))).isEqualTo(new BitSet());

            var other = Samples.digests(2, 5, 9, 6, 9, 0);
            assertThat(get(link.compare(0, 0, 10, 2, other)))
                    .isEqualTo(BitSet.valueOf(new long[] {0b1010}));

            stage.store.damage(volume(link, 0), 1);
            assertThat(get(link.compare(0, 0, 10, 2, same)))
                    .isEqualTo(BitSet.valueOf(new long[] {1}));
            link.send(0, Samples.extent(0, 2, 5), () -> {});
            assertThat(get(link.compare(0, 0, 10, 2, same))).isEqualTo(new BitSet());

            var tail = List.of(Samples.digests(1, 0).getFirst());
            assertThat(get(link.compare(0, 10, 1, 2, tail))).isEqualTo(new BitSet());
        }
    }

    /// The store may have taken extents that reading does not show yet, be it from an earlier
    /// session: a comparison that missed them would call a piece equal that is about to change.
    @Test
    void aComparisonWaitsForWhatIsStillToBeWritten() throws Exception {
        stage.store.hold();
        stage.store.hideUntilDurable();
        var zeros = Samples.digests(1, 0);
        var ones = Samples.digests(1, 1);
        try (var older = stage.link(SERVER, DISK_BYTES)) {
            older.send(0, Samples.extent(0, 1, 1), () -> {});
            stage.store.awaitHeld(1);
        }
        try (var newer = stage.link(SERVER, DISK_BYTES)) {
            assertThat(newer.session().disks().getFirst().newVolume()).isFalse();
            var equal = newer.compare(0, 0, 1, 1, ones);
            var differing = newer.compare(0, 0, 1, 1, zeros);
            assertThatThrownBy(() -> equal.get(500, TimeUnit.MILLISECONDS))
                    .isInstanceOf(TimeoutException.class); // a wrong answer would be quicker
            stage.store.completeAll();
            assertThat(get(equal).cardinality()).isZero();
            assertThat(get(differing).cardinality()).isEqualTo(1);
        }
    }

    @Test
    void anAgentThatComesBackIsToldWhereItsReplicaStands() throws Exception {
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            var disk = link.session().disks().getFirst();
            assertThat(link.session().serverId()).isEqualTo(SERVER);
            assertThat(link.session().storeIdentity()).isEqualTo("store-of-" + SERVER);
            assertThat(disk.newVolume()).isTrue();
            assertThat(disk.lastRound()).isEqualTo(-1);
            link.send(0, Samples.extent(0, 1, 1), () -> {});
            get(link.endRound(12, true, false, INSTANT, 0));
        }
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            var disk = link.session().disks().getFirst();
            assertThat(disk.newVolume()).isFalse();
            assertThat(disk.lastRound()).isEqualTo(12);
            link.send(0, Samples.extent(1, 1, 2), () -> {});
            get(link.endRound(13, true, false, INSTANT, 0));
            assertThat(stage.store.block(volume(link, 0), 0)).containsOnly(1);
            assertThat(stage.store.block(volume(link, 0), 1)).containsOnly(2);
        }
    }

    @Test
    void aNewerSessionEndsTheOlder() throws Exception {
        stage.store.hold();
        var identity = stage.identity(SERVER);
        try (var older = stage.link(identity, DISK_BYTES)) {
            older.send(0, Samples.extent(0, 1, 1), () -> {});
            stage.store.awaitHeld(1);
            try (var newer = stage.link(identity, DISK_BYTES)) {
                assertThatThrownBy(() -> get(older.closed()))
                        .cause()
                        .isInstanceOfSatisfying(
                                SessionEndedException.class,
                                ended -> assertThat(ended.code()).isEqualTo("superseded"));
                assertThat(stage.host.ended.take().error()).get().asString().contains("superseded");
                stage.store.completeAll();
                newer.send(0, Samples.extent(1, 1, 1), () -> {});
                get(newer.endRound(1, true, false, INSTANT, 0));
            }
        }
    }

    @Test
    void aFullStagingAreaIsSaidAndDoesNotEndTheSession() throws Exception {
        stage.store.fill(SERVER);
        try (var link = stage.link(SERVER, DISK_BYTES);
                var elsewhere = stage.link(OTHER, DISK_BYTES)) {
            assertThat(link.standstill()).isEmpty();
            link.send(0, Samples.extent(0, 1, 1), () -> {});
            var round = link.endRound(1, true, false, INSTANT, 0);
            awaitStandstill(link, true);
            assertThat(link.standstill()).hasValue("staging area full: 0 bytes left");
            assertThat(round).isNotDone();
            elsewhere.send(0, Samples.extent(0, 1, 1), () -> {});
            get(elsewhere.endRound(1, true, false, INSTANT, 0));
            assertThat(elsewhere.standstill()).as("of another staging area").isEmpty();
            stage.store.room();
            get(round);
            awaitStandstill(link, false);
        }
    }

    /// A watch looks at the staging area each second. Time goes on slowly enough for both ends to
    /// hear from each other: else one would take the other for dead.
    private void awaitStandstill(ReplicationLink link, boolean wanted) throws InterruptedException {
        for (var second = 0; link.standstill().isPresent() != wanted; second++) {
            assertThat(second).as("seconds until the silence would end the session").isLessThan(25);
            stage.time.awaitAsleep("replication-watch");
            stage.time.advance(Duration.ofSeconds(1));
            var patience = System.nanoTime() + Duration.ofSeconds(5).toNanos();
            while (link.standstill().isPresent() != wanted && System.nanoTime() < patience) {
                Thread.yield();
            }
        }
    }

    @Test
    void aServerThatMayNotReplicateIsToldWhy() throws IOException {
        stage.host.refused.add(SERVER);
        assertThatThrownBy(() -> stage.link(SERVER, DISK_BYTES))
                .isInstanceOfSatisfying(
                        SessionEndedException.class,
                        ended -> assertThat(ended.code()).isEqualTo("server-stopped"))
                .hasMessage("server " + SERVER + " is stopped");
    }

    @Test
    void aLimitHoldsFromWhenItIsSetUntilItIsLifted() throws Exception {
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            stage.host.sessions.get(SERVER).limit(1);
            for (var round = 1; round <= 2; round++) { // the second is answered behind the limit
                get(link.endRound(round, false, false, INSTANT, 0));
            }
            link.send(0, Samples.extent(0, 4, 1), () -> {}); // on credit
            var waiting = new CompletableFuture<Void>();
            Thread.ofVirtual()
                    .name("sender")
                    .start(() -> {
                        try {
                            link.send(0, Samples.extent(4, 4, 1), () -> {});
                            waiting.complete(null);
                        } catch (IOException | InterruptedException e) {
                            waiting.completeExceptionally(e);
                        }
                    });
            stage.time.awaitAsleep("sender");
            assertThat(waiting).isNotDone();
            stage.host.sessions.get(SERVER).limit(0);
            for (var round = 3; round <= 4; round++) {
                get(link.endRound(round, false, false, INSTANT, 0));
            }
            stage.time.advance(Duration.ofMillis(100)); // the sender looks, and nobody is silent
            get(waiting);
        }
    }

    @Test
    void theOperatorEndsASessionAndTheAgentIsToldAtOnce() throws Exception {
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            stage.host
                    .sessions
                    .get(SERVER)
                    .end(new RefusalException(SessionControl.STOPPED, "stopped by the operator"));
            assertThatThrownBy(() -> link.closed().get(30, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            SessionEndedException.class,
                            ended -> {
                                assertThat(ended.code()).isEqualTo("replication-stopped");
                                assertThat(ended.retryAfter()).isEqualTo(Duration.ofSeconds(10));
                            })
                    .hasMessage("stopped by the operator");
        }
    }

    @Test
    void reportsReachTheHostAndAGoodbyeIsNoError() throws Exception {
        var report =
                new AgentReport(
                        AgentReport.State.RESCAN,
                        "tracker lost events",
                        1,
                        2,
                        3,
                        4,
                        List.of(new AgentReport.Disk("/dev/sda", 5, 6, 7, 8)));
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            link.report(report);
            assertThat(stage.host.reports.poll(30, TimeUnit.SECONDS)).isEqualTo(report);
        }
        var ended = stage.host.ended.poll(30, TimeUnit.SECONDS);
        assertThat(ended.serverId()).isEqualTo(SERVER);
        assertThat(ended.error()).isEmpty();
    }

    @Test
    void aDeadLinkFailsAllThatWaitsForIt() throws Exception {
        stage.store.hold();
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            var durable = new AtomicInteger();
            var round = link.endRound(1, true, false, INSTANT, 0);
            var blocked =
                    CompletableFuture.runAsync(() -> {
                        try {
                            for (var i = 0; ; i++) { // until the credit is used up
                                link.send(
                                        0,
                                        Samples.noise(i % 100 * 64L, 64, i),
                                        durable::incrementAndGet);
                            }
                        } catch (IOException | InterruptedException e) {
                            throw new IllegalStateException(e.getMessage(), e);
                        }
                    });
            stage.store.awaitHeld(2);
            try (var _ = stage) {
                stage.replicator.close();
            }
            assertThatThrownBy(() -> get(link.closed())).isInstanceOf(ExecutionException.class);
            assertThatThrownBy(() -> get(round)).isInstanceOf(ExecutionException.class);
            assertThatThrownBy(() -> get(blocked)).isInstanceOf(ExecutionException.class);
            assertThatThrownBy(() -> link.send(0, Samples.extent(0, 1, 1), () -> {}))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> link.endRound(2, false, false, INSTANT, 0))
                    .isInstanceOf(IOException.class);
            assertThat(durable).hasValue(0);
        }
    }

    @Test
    void whatIsUnderWayNeverExceedsTheWindow() throws Exception {
        stage.store.hold();
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            var extents = 300; // 75 MiB, the window has 16
            var sending =
                    CompletableFuture.runAsync(() -> {
                        try {
                            for (var i = 0; i < extents; i++) {
                                link.send(0, Samples.noise(i % 100 * 64L, 64, i), () -> {});
                            }
                        } catch (IOException | InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            var window = Replicator.Limits.DEFAULT.windowBytesMax();
            var most = 0L;
            while (!sending.isDone()) {
                most = Math.max(most, stage.store.heldBytes());
                if (stage.store.heldBytes() > window - Wire.COST_MAX) {
                    stage.store.completeOldest();
                }
                Thread.yield();
            }
            get(sending);
            assertThat(most).isBetween(window - Wire.COST_MAX, window);
            stage.store.completeAll();
            get(link.endRound(1, true, false, INSTANT, 0));
        }
    }

    @Test
    void aServerThatSendsWithoutEndDoesNotHoldUpAnother() throws Exception {
        try (var greedy = stage.link(OTHER, DISK_BYTES);
                var modest = stage.link(SERVER, DISK_BYTES)) {
            var enough = new CountDownLatch(1);
            var flooding =
                    CompletableFuture.runAsync(() -> {
                        try {
                            for (var i = 0; enough.getCount() > 0; i++) {
                                greedy.send(0, Samples.noise(i % 100 * 64L, 64, i), () -> {});
                            }
                        } catch (IOException | InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            while (!stage.store.appends().contains(OTHER)) {
                Thread.yield();
            }
            for (var round = 1; round <= 20; round++) {
                modest.send(0, Samples.extent(round, 1, round), () -> {});
                get(modest.endRound(round, true, false, INSTANT, 0));
            }
            assertThat(flooding).isNotDone();
            enough.countDown();
            get(flooding);
            var owners = stage.store.appends();
            assertThat(owners).contains(SERVER, OTHER);
        }
    }

    /// Returns when the replicator has taken all that was sent before.
    ///
    /// @param disk that nothing was sent to
    private static void askSomething(ReplicationLink link, int disk) throws Exception {
        get(link.compare(disk, 100, 1, 1, Samples.digests(1, 0)));
    }

    private static VolumeId volume(ReplicationLink link, int disk) {
        return new VolumeId(link.session().disks().get(disk).volumeId());
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }
}
