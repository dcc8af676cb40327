package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.control.Controller;
import holdfast.control.InstanceState;
import holdfast.control.LaunchSettings;
import holdfast.control.PointChoice;
import holdfast.control.RecoveryInstance;
import holdfast.control.RecoveryTarget;
import holdfast.control.ReplicationState;
import holdfast.volume.Branch;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A recovery instance that is protected itself, on a real staging area: what it writes is in the
/// points of its server, and in what is recovered from them. Machines are made ready only.
class ReversalTest {
    private static final Instant T = Instant.parse("2026-11-01T12:00:00Z");

    @TempDir Path data;
    private RunningServer running;
    private String origin;

    @BeforeEach
    void start() throws Exception {
        running = new RunningServer(data);
        origin = running.enrol();
        running.replicate(origin, T);
        madeReadyOnly(origin);
    }

    @AfterEach
    void stop() throws IOException {
        running.close();
    }

    private Controller controller() {
        return running.server().controller();
    }

    private void madeReadyOnly(String server) throws IOException {
        controller()
                .launchSettings()
                .change(server, _ -> new LaunchSettings(false, false, false, false, false, ""));
    }

    private RecoveryInstance recover(String server, boolean drill, PointChoice point)
            throws Exception {
        var target = new RecoveryTarget(server, point);
        var job = controller().recover(List.of(target), drill, Map.of()).job().id();
        var end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (!controller().jobs().get(job).job().state().ended()) {
            assertThat(System.nanoTime()).as("job %s ends", job).isLessThan(end);
            Thread.sleep(20);
        }
        var done = controller().jobs().get(job);
        assertThat(done.instances()).as("%s", done).hasSize(1);
        var instance = controller().instances().get(done.instances().getFirst());
        assertThat(instance.state()).as(instance.reason()).isEqualTo(InstanceState.STOPPED);
        return instance;
    }

    private Branch disk(RecoveryInstance instance) throws IOException {
        var volume =
                running.server().store().volumes().stream()
                        .filter(one -> one.owner().equals(instance.id()))
                        .map(Volume::id)
                        .findFirst()
                        .orElseThrow();
        return running.server().store().openBranch(volume);
    }

    private void write(RecoveryInstance instance, byte value) throws IOException {
        try (var disk = disk(instance)) {
            var block = new byte[4096];
            block[0] = value;
            disk.write(ByteBuffer.wrap(block), 8192, true);
        }
    }

    private byte read(RecoveryInstance instance) throws IOException {
        try (var disk = disk(instance)) {
            var block = ByteBuffer.allocate(4096);
            disk.read(block, 8192);
            return block.get(0);
        }
    }

    /// The first that is made from now on.
    private ConsistencyPoint nextPoint(String server) throws Exception {
        var before = controller().servers().get(server).newestPoint().orElseThrow();
        var end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (true) {
            var newest = controller().servers().get(server).newestPoint().orElseThrow();
            if (newest.sequence() > before.sequence()) {
                return newest;
            }
            assertThat(System.nanoTime()).as("a point of %s comes", server).isLessThan(end);
            Thread.sleep(50);
        }
    }

    @Test
    void whatAnInstanceWritesIsRecoveredAtEachOfItsPoints() throws Exception {
        var instance = recover(origin, false, new PointChoice.Newest());
        write(instance, (byte) 1);
        var server = controller().reversals().create(instance.id());
        var first = controller().servers().get(server).newestPoint().orElseThrow();
        write(instance, (byte) 2);
        nextPoint(server);
        nextPoint(server); // begun after the write, whatever the one before it was

        madeReadyOnly(server);
        var earlier = recover(server, true, new PointChoice.ById(first.id()));
        assertThat(earlier.server()).isEqualTo(server);
        assertThat(read(earlier)).isEqualTo((byte) 1);
        write(earlier, (byte) 9);
        var later = recover(server, false, new PointChoice.Newest());
        assertThat(read(later)).isEqualTo((byte) 2);
        assertThat(read(instance)).as("a child's writes do not reach it").isEqualTo((byte) 2);

        running.restart();
        var view = controller().servers().get(server);
        assertThat(view.server().state()).isEqualTo(new ReplicationState.Continuous());
        assertThat(view.reversal().orElseThrow().instance()).isEqualTo(instance.id());
        assertThat(view.opposite()).contains(origin);
        assertThat(controller().servers().get(origin).opposite()).contains(server);
        nextPoint(server);
    }

    @Test
    void anInstanceStaysWhileItIsAServerAndNotLonger() throws Exception {
        var drill = recover(origin, true, new PointChoice.Newest());
        assertThatThrownBy(() -> controller().reversals().create(drill.id()))
                .hasMessageContaining("is a drill");
        var instance = recover(origin, false, new PointChoice.Newest());
        var server = controller().reversals().create(instance.id());
        assertThatThrownBy(() -> controller().reversals().create(instance.id()))
                .hasMessageContaining("protected as server " + server);
        assertThatThrownBy(() -> controller().instances().terminate(instance.id()))
                .hasMessageContaining("disconnect that server first");
        assertThatThrownBy(() -> controller().orders().stop(server))
                .hasMessageContaining(instance.id());
        var another = recover(origin, false, new PointChoice.Newest());
        assertThat(controller().instances().get(instance.id()).state())
                .as("not superseded")
                .isEqualTo(InstanceState.STOPPED);
        assertThatThrownBy(() -> controller().orders().disconnect(origin))
                .hasMessageContaining("terminate it first");

        controller().orders().disconnect(server);
        assertThat(controller().servers().get(server).server().state())
                .isEqualTo(new ReplicationState.Disconnected());
        assertThat(controller().servers().get(origin).opposite()).isEmpty();
        controller().orders().delete(server);
        controller().instances().terminate(List.of(instance.id(), another.id()));
    }
}
