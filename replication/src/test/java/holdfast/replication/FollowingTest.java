package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.base.Network;
import holdfast.format.ExtentPacker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a failback client and the replicator promise each other.
@Timeout(60)
class FollowingTest {
    private static final String CLIENT = "fbc-00000000000000001";
    private static final String DISK = "/dev/sda";

    /// Ends within a block.
    private static final long DISK_BYTES = (8L << 20) + 512;

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void start() throws IOException {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        stage = new Stage(Network.system(), address, directory, Replicator.Limits.DEFAULT);
        stage.branches.branch(DISK, DISK_BYTES);
        stage.branches.branch("/dev/sdb", DISK_BYTES);
    }

    @AfterEach
    void stop() throws IOException {
        stage.close();
    }

    private BranchLink follow(String... names) throws IOException {
        var disks =
                Arrays.stream(names)
                        .map(name -> new DiskFacts(name, DISK_BYTES, "m", "s"))
                        .toList();
        return new ReplicationLinks(
                        stage.network,
                        stage.time,
                        stage.random,
                        stage.identity(CLIENT),
                        new BandwidthLimit(stage.time, 0))
                .follow(stage.replicator.address(), Stage.MACHINE, disks);
    }

    @Test
    void whatIsPulledIsThePointAndNotWhatCameAfter() throws Exception {
        var random = new SplittableRandom(1);
        var first = new byte[Blocks.BLOCK_BYTES];
        random.nextBytes(first);
        stage.branches.write(DISK, 3, first);
        try (var link = follow(DISK)) {
            assertThat(link.session().serverId()).isEqualTo(FakeBranches.INSTANCE);
            var point = get(link.takePoint(-1));
            assertThat(point.changesKnown()).isFalse();
            assertThat(point.last()).isFalse();
            stage.branches.write(DISK, 3, new byte[Blocks.BLOCK_BYTES]);

            assertThat(pulled(link, 3)).isEqualTo(first);
            var next = get(link.takePoint(point.sequence()));
            assertThat(next.changesKnown()).isTrue();
            assertThat(get(link.changes(0, 0)).runs()).containsExactly(new BlockRun(3, 1));
            assertThat(pulled(link, 3)).containsOnly(0);
            stage.branches.forget(next.sequence());
            assertThat(get(link.takePoint(next.sequence())).changesKnown()).isFalse();
        }
    }

    @Test
    void manyPullsArriveInOrderAndWhole() throws Exception {
        var random = new SplittableRandom(2);
        for (var block = 0; block < 1024; block++) {
            var data = new byte[Blocks.BLOCK_BYTES];
            random.nextBytes(data);
            stage.branches.write(DISK, block, data);
        }
        try (var link = follow(DISK)) {
            get(link.takePoint(-1));
            var runs = new ArrayList<BlockRun>();
            for (var first = 0; first < 1024; first += 64) {
                runs.add(new BlockRun(first, 64));
            }
            var pulls = new ArrayList<CompletableFuture<?>>();
            for (var i = 0; i < 5; i++) {
                pulls.add(link.pull(0, runs));
            }
            for (var pull : pulls) {
                pull.get(30, TimeUnit.SECONDS);
            }
            assertThat(get(link.pull(0, runs))).hasSize(16);
            assertThat(link.receivedBytes()).isGreaterThan(6L * (4 << 20));
        }
    }

    @Test
    void comparedIsWithThePoint() throws Exception {
        stage.branches.write(DISK, 0, filled(7));
        try (var link = follow(DISK)) {
            get(link.takePoint(-1));
            stage.branches.write(DISK, 1, filled(9));
            var digests = Samples.digests(1, 7, 0, 5);
            assertThat(get(link.compare(0, 0, 3, 1, digests)).stream()).containsExactly(2);
            // of the last block only a part is on the disk
            assertThat(get(link.compare(0, 2048, 1, 1, Samples.digests(1, 0))).isEmpty()).isTrue();
        }
    }

    @Test
    void theHostLearnsWhatWasReachedAndVerified() throws Exception {
        try (var link = follow(DISK, "/dev/sdb")) {
            stage.branches.stopInstance();
            var point = get(link.takePoint(-1));
            assertThat(point.last()).isTrue();
            get(link.endRound(point.sequence(), true, false, Instant.EPOCH, 0));
            assertThat(stage.branches.reached).containsExactly(point.sequence());
            var found = List.of(new ComparedDisk(DISK_BYTES, 0), new ComparedDisk(DISK_BYTES, 0));
            get(link.verified(point.sequence(), found));
            assertThat(stage.branches.verified).containsExactly(found);
        }
    }

    @Test
    void damageEndsTheSessionByNameAndNoByteOfItIsSent() throws Exception {
        stage.branches.damage(5);
        try (var link = follow(DISK)) {
            get(link.takePoint(-1));
            var pull = link.pull(0, List.of(new BlockRun(4, 4)));
            assertThatThrownBy(() -> get(pull)).hasMessageContaining("flipped");
        }
    }

    @Test
    void viewsAreGivenBackWhenTheSessionEnds() throws Exception {
        try (var link = follow(DISK, "/dev/sdb")) {
            var point = get(link.takePoint(-1));
            get(link.takePoint(point.sequence()));
            assertThat(stage.branches.openViews()).isEqualTo(4);
        }
        stage.replicator.close();
        assertThat(stage.branches.openViews()).isZero();
    }

    @Test
    void aClientMayNotWriteAndAnAgentMayNotFollow() throws Exception {
        try (var client = RawAgent.dial(stage, stage.identity(CLIENT))) {
            client.begin(List.of(new DiskFacts(DISK, DISK_BYTES, "m", "s")));
            client.send(new Frame.Extents(1, 0, List.of(Samples.extent(0, 1, 1))));
            assertThat(client.await(Frame.Failure.class).code()).isEqualTo("protocol-error");
        }
        assertThat(stage.store.appends()).isEmpty();
        try (var agent = stage.raw("s-00000000000000001", DISK_BYTES)) {
            agent.send(new Frame.TakePoint(1, -1));
            assertThat(agent.await(Frame.Failure.class).code()).isEqualTo("protocol-error");
        }
        assertThatThrownBy(() -> follow("/dev/other")).hasMessageContaining("no disk /dev/other");
    }

    private static byte[] filled(int value) {
        var data = new byte[Blocks.BLOCK_BYTES];
        Arrays.fill(data, (byte) value);
        return data;
    }

    private static byte[] pulled(BranchLink link, long block) throws Exception {
        var extent = get(link.pull(0, List.of(new BlockRun(block, 1)))).getFirst();
        var data = new byte[Blocks.BLOCK_BYTES];
        new ExtentPacker().unpack(extent, data, 0);
        return data;
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }
}
