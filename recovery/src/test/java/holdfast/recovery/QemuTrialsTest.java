package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Time passes only where a test says so: a busy machine fails no trial.
class QemuTrialsTest {
    private static final HostCapacity WITHOUT_VIRTUALIZATION = new HostCapacity(1, 1 << 30, false);
    private static final HostCapacity WITH_VIRTUALIZATION = new HostCapacity(1, 1 << 30, true);

    @TempDir private Path directory;
    private final PassingTime time = new PassingTime();
    private QemuTrials trials;

    @BeforeEach
    void makeTrials() {
        trials = new QemuTrials(Filesystem.local(), Processes.system(), time, directory);
    }

    /// The trial itself works: where no KVM is needed, this QEMU's BIOS gets to its end.
    @Test
    void aRealBiosRunsToItsEnd() throws IOException {
        var qemu = QemuInstallation.USUAL.programs().stream().filter(Files::exists).findFirst();
        assumeTrue(qemu.isPresent(), "QEMU is missing; run: apt-get install qemu-system-x86");

        assertThat(trials.bootsBios(qemu.get(), Accelerator.Kind.TCG).why()).isEmpty();
        assertThat(trials.sandbox(qemu.get())).isTrue();
    }

    @Test
    void anAcceleratorOnWhichQemuDiesIsNotChosen() throws IOException {
        var dying =
                program("echo 'KVM internal error. Suberror: 1'; echo 'emulation failure'; exit 1");

        assertThat(trials.bootsBios(dying, Accelerator.Kind.KVM).why())
                .contains("ended; emulation failure");
        assertThat(trials.accelerator(dying, WITH_VIRTUALIZATION).kind())
                .isEqualTo(Accelerator.Kind.TCG);
        assertThat(trials.sandbox(dying)).isFalse();
    }

    @Test
    void anAcceleratorOnWhichTheGuestHangsIsNotChosen() throws IOException {
        var hanging = program("echo 'SeaBIOS (version 1)'; exec sleep 60");

        time.perSleep(Duration.ofSeconds(1));
        var trial = trials.bootsBios(hanging, Accelerator.Kind.KVM);
        assertThat(trial.stuck()).isTrue();
        assertThat(trial.why().orElseThrow()).startsWith("stuck for 5 s; ");
    }

    /// A host that was busy for a moment is no sign of what it can do.
    @Test
    void whatHungOnceIsTriedAgain() throws IOException {
        var hangs = Files.createFile(directory.resolve("hangs"));
        var qemu = program("[ -e " + hangs + " ] && exec sleep 60; exit 0");
        time.perSleep(Duration.ofSeconds(1));
        assertThat(trials.sandbox(qemu)).isFalse();

        Files.delete(hangs);
        time.perSleep(Duration.ZERO);
        assertThat(trials.sandbox(qemu)).isTrue();
    }

    @Test
    void whatHungTwiceIsNotTriedAgain() throws IOException {
        var hanging = program("exec sleep 60");
        time.perSleep(Duration.ofSeconds(1));
        assertThat(trials.sandbox(hanging)).isFalse();
        assertThat(trials.sandbox(hanging)).isFalse();

        assertThat(trials.sandbox(program("exit 0"))).isFalse();
    }

    @Test
    void theVerdictIsRememberedWithItsReason() throws IOException {
        var started = directory.resolve("started");
        var counting = program("echo >>" + started + "; echo 'No bootable device.'");

        var verdict = trials.accelerator(counting, WITHOUT_VIRTUALIZATION);

        assertThat(verdict.kind()).isEqualTo(Accelerator.Kind.TCG);
        assertThat(verdict.reason())
                .isIn("no /dev/kvm", "neither vmx nor svm among the flags of /proc/cpuinfo");
        assertThat(trials.accelerator(counting, WITH_VIRTUALIZATION)).isSameAs(verdict);
        assertThat(started).doesNotExist();
    }

    private Path program(String script) throws IOException {
        var file = Files.writeString(directory.resolve("qemu"), "#!/bin/sh\n" + script + "\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
}
