package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuTrialsTest {
    private static final HostCapacity WITHOUT_VIRTUALIZATION = new HostCapacity(1, 1 << 30, false);
    private static final HostCapacity WITH_VIRTUALIZATION = new HostCapacity(1, 1 << 30, true);

    @TempDir private Path directory;
    private QemuTrials trials;

    @BeforeEach
    void makeTrials() {
        trials =
                new QemuTrials(
                        Filesystem.local(), Processes.system(), TimeSource.system(), directory);
    }

    /// The trial itself works: where no KVM is needed, this QEMU's BIOS gets to its end.
    @Test
    void aRealBiosRunsToItsEnd() throws IOException {
        var qemu = QemuInstallation.USUAL.programs().stream().filter(Files::exists).findFirst();
        assumeTrue(qemu.isPresent(), "QEMU is missing; run: apt-get install qemu-system-x86");

        assertThat(trials.bootsBios(qemu.get(), Accelerator.Kind.TCG)).isEmpty();
        assertThat(trials.sandbox(qemu.get())).isTrue();
    }

    @Test
    void anAcceleratorOnWhichQemuDiesIsNotChosen() throws IOException {
        var dying =
                program("echo 'KVM internal error. Suberror: 1'; echo 'emulation failure'; exit 1");

        assertThat(trials.bootsBios(dying, Accelerator.Kind.KVM))
                .contains("ended; emulation failure");
        assertThat(trials.accelerator(dying, WITH_VIRTUALIZATION).kind())
                .isEqualTo(Accelerator.Kind.TCG);
        assertThat(trials.sandbox(dying)).isFalse();
    }

    @Test
    void anAcceleratorOnWhichTheGuestHangsIsNotChosen() throws IOException {
        var hanging = program("echo 'SeaBIOS (version 1)'; exec sleep 60");

        assertThat(trials.bootsBios(hanging, Accelerator.Kind.KVM))
                .contains("stuck for 5 s; SeaBIOS (version 1)");
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
