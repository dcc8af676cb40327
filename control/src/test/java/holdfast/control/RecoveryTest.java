package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.volume.Damage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What recoveries, exports and checks do, and what they refuse.
class RecoveryTest {
    private static final Instant T = FakeTime.START;

    @TempDir Path directory;
    private Installation installation;
    private String id = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        id = installation.server();
        for (var i = 1; i <= 5; i++) {
            installation.store.addPoint(id, 16 * i, T.plusSeconds(i), 0);
        }
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void anInstancesDisksAreExportedAtOnePointUntilItIsTerminated() throws IOException {
        recover(new PointChoice.Newest());
        var exports = installation.controller().exports().createOfInstance(instance().id());
        assertThat(exports).extracting(PointExport::disk).containsExactly("/dev/sda", "/dev/sdb");
        assertThat(exports).extracting(PointExport::point).containsOnly(exports.getFirst().point());
        assertThat(exports.getFirst().point().owner()).isEqualTo(instance().id());
        installation.controller().instances().terminate(instance().id());
        installation.work();
        assertThat(installation.controller().exports().list()).isEmpty();
        assertThatThrownBy(
                        () -> installation.controller().exports().createOfInstance(instance().id()))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("instance-terminated"));
    }

    @Test
    void thePointAtATimeIsTheNewestNotAfterIt() throws IOException {
        recover(new PointChoice.At(T.plusMillis(3999)));
        assertThat(instance().point().instant()).isEqualTo(T.plusSeconds(3));
    }

    @Test
    void aPointIsFoundByItsId() throws IOException {
        recover(new PointChoice.ById("pit-00000000000000020"));
        assertThat(instance().point().sequence()).isEqualTo(32);
    }

    @Test
    void aTimeBeforeTheWindowIsRefusedWithTheOldestThereIs() {
        assertThatThrownBy(() -> recover(new PointChoice.At(T)))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("point-before-window"))
                .hasMessageContaining(
                        "the oldest available is pit-00000000000000010 of " + T.plusSeconds(1));
    }

    @Test
    void anUnknownPointIsRefused() {
        assertThatThrownBy(() -> recover(new PointChoice.ById("pit-000000000000000ff")))
                .hasMessageContaining("the oldest available is");
        assertThatThrownBy(() -> recover(new PointChoice.ById("pit-1")))
                .hasMessageContaining("17 hex digits");
    }

    @Test
    void anUnknownServerIsRefused() {
        assertThatThrownBy(() ->
                        installation
                                .controller()
                                .recover(List.of("s-nobody"), true, new PointChoice.Newest()))
                .hasMessageContaining("no server s-nobody");
    }

    @Test
    void aMachineLeftByAFaultAfterItsLaunchCanBeTerminated() throws IOException {
        installation.host.broken = true;
        recover(new PointChoice.Newest());
        installation.work();
        var job = installation.controller().jobs().list(1).getFirst().job();
        assertThat(job.state()).isEqualTo(new JobState.Failed());
        var left = instance();
        assertThat(left.state()).isEqualTo(InstanceState.FAILED);
        assertThat(left.reason()).isEqualTo(job.reason());
        assertThat(installation.host.machines).containsOnlyKeys(left.id());

        installation.controller().instances().terminate(left.id());
        installation.work();
        assertThat(instance().state()).isEqualTo(InstanceState.TERMINATED);
        assertThat(installation.host.machines).isEmpty();
    }

    @Test
    void aRefusedLaunchFailsByName() throws IOException {
        installation.host.refusing = true;
        recover(new PointChoice.Newest());
        installation.work();
        var job = installation.controller().jobs().list(1).getFirst();
        assertThat(job.job().state()).isEqualTo(new JobState.Failed());
        assertThat(job.job().reason()).contains(id, "launch: qemu-system-x86_64 is not installed");
        assertThat(job.phases().getLast().detail()).startsWith("failed: qemu");
        assertThat(instance().state()).isEqualTo(InstanceState.FAILED);
    }

    @Test
    void aMachineThatDoesNotBootIsKeptAndToldWithItsEvidence() throws IOException {
        installation.host.booting = false;
        recover(new PointChoice.Newest());
        assertThat(instance().state()).isEqualTo(InstanceState.FAILED);
        assertThat(instance().reason()).isEqualTo("boot not proven: Kernel panic");
        assertThat(instance().bootProof().orElseThrow().proven()).isFalse();
        assertThat(installation.host.machines).hasSize(1);
        installation.controller().instances().terminate(instance().id());
        installation.work();
        assertThat(instance().state()).isEqualTo(InstanceState.TERMINATED);
    }

    @Test
    void aMachineThatEndsByItselfIsNoticed() throws IOException {
        recover(new PointChoice.Newest());
        installation.controller().instances().noticeEndedMachines();
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
        installation.host.running = false;
        installation.controller().instances().noticeEndedMachines();
        assertThat(instance().state()).isEqualTo(InstanceState.FAILED);
    }

    @Test
    void oneFailedServerDoesNotHideAnother() throws IOException {
        var controller = installation.controller();
        controller.enrolments().admit("second");
        var other = controller.enrolments().enrol("second", "db1", s -> s).server().id();
        controller.servers().begin(other, Installation.MACHINE, Installation.DISKS);
        installation.store.addPoint(other, 200, T, 0);
        controller.recover(List.of(id, other), false, new PointChoice.Newest());
        installation.store.points.removeIf(point -> point.owner().equals(other));
        installation.work();
        var job = controller.jobs().list(1).getFirst();
        assertThat(job.job().state()).isEqualTo(new JobState.Failed());
        assertThat(job.job().reason()).contains(other, "no consistency point yet");
        assertThat(instance().server()).isEqualTo(id);
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
    }

    @Test
    void anExportHoldsItsPointAndOutlivesARestart() throws IOException {
        var export =
                installation
                        .controller()
                        .exports()
                        .create(id, "/dev/sdb", new PointChoice.Newest());
        assertThat(installation.store.openViews.values()).containsExactly(1);
        assertThat(installation.controller().exports().names()).containsExactly(export.id());
        installation.restart();
        assertThat(installation.store.openViews.values()).containsExactly(1);
        try (var view = installation.controller().exports().open(export.id()).orElseThrow()) {
            assertThat(view.sequence()).isEqualTo(80);
        }
        installation.controller().exports().delete(export.id());
        assertThat(installation.store.openViews.values()).containsExactly(0);
        assertThat(installation.controller().exports().open(export.id())).isEmpty();
    }

    @Test
    void anExportWhosePointIsGoneAfterARestartIsDropped() throws IOException {
        installation.controller().exports().create(id, "/dev/sdb", new PointChoice.Newest());
        installation.store.points.clear();
        installation.restart();
        assertThat(installation.controller().exports().list()).isEmpty();
    }

    @Test
    void anUnknownDiskIsRefusedWithThoseThereAre() {
        assertThatThrownBy(() ->
                        installation
                                .controller()
                                .exports()
                                .create(id, "/dev/sdx", new PointChoice.Newest()))
                .hasMessageContaining("/dev/sda, /dev/sdb");
    }

    @Test
    void verifyReadsEveryDiskAndFindsNothingInSoundData() throws IOException {
        installation.controller().verify(id, new PointChoice.Newest());
        installation.work();
        var job = installation.controller().jobs().list(1).getFirst().job();
        assertThat(job.state()).isEqualTo(new JobState.Completed());
        assertThat(job.result()).contains(new JobResult.Verification(12 << 20, 2, List.of()));
        assertThat(installation.store.openViews.values()).allMatch(open -> open == 0);
    }

    @Test
    void verifyNamesEveryDamagedPlace() throws IOException {
        var first = new Damage("vol-1", 4096, 4096, "segment-1", 1, "flipped");
        var second = new Damage("vol-1", 3 << 20, 4096, "segment-1", 2, "flipped");
        installation.store.damage.addAll(List.of(first, second));
        installation.controller().verify(id, new PointChoice.Newest());
        installation.work();
        var job = installation.controller().jobs().list(1).getFirst().job();
        assertThat(job.state()).isEqualTo(new JobState.Failed());
        // In both disks, since the fake damages whatever lies at these offsets.
        assertThat(job.result().orElseThrow().damage())
                .containsExactly(first, second, first, second);
    }

    @Test
    void aScrubIsScheduledWhenTheLastIsLongAgo() throws IOException {
        installation.controller().housekeeping().schedule();
        assertThat(scrubs()).isZero();
        for (var expected = 1; expected <= 2; expected++) {
            installation.time.advance(ControlSettings.DEFAULT.scrubEvery());
            installation.controller().housekeeping().schedule();
            installation.controller().housekeeping().schedule();
            assertThat(scrubs()).isEqualTo(expected);
            installation.work();
        }
    }

    private long scrubs() throws IOException {
        return installation.controller().jobs().list(100).size();
    }

    private void recover(PointChoice choice) throws IOException {
        installation.controller().recover(List.of(id), true, choice);
        installation.work();
    }

    private RecoveryInstance instance() throws IOException {
        return installation.controller().instances().list().getFirst();
    }
}
