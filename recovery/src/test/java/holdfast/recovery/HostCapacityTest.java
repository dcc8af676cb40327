package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCapacityTest {
    private static final long MIB = 1 << 20;

    @TempDir private Path proc;

    @Test
    void whatTheHostHasIsReadFromProc() throws IOException {
        Files.writeString(
                proc.resolve("cpuinfo"),
                """
                processor	: 0
                flags		: fpu vme svm lm
                processor	: 1
                flags		: fpu vme svm lm
                """);
        Files.writeString(
                proc.resolve("meminfo"),
                """
                MemTotal:        4096 kB
                MemAvailable:    2048 kB
                """);

        assertThat(HostCapacity.of(new SmallFiles(Filesystem.local()), proc))
                .isEqualTo(new HostCapacity(2, 2 * MIB, true));
    }

    @Test
    void virtualizationIsAFlagOfItsOwn() throws IOException {
        Files.writeString(proc.resolve("cpuinfo"), "processor : 0\nflags : fpu svm_lock xvmx\n");
        Files.writeString(proc.resolve("meminfo"), "MemAvailable: 1 kB\n");

        assertThat(HostCapacity.of(new SmallFiles(Filesystem.local()), proc).virtualization())
                .isFalse();
    }

    @Test
    void whatIsThereIsGivenAsAsked() {
        assertThat(new HostCapacity(8, 8192 * MIB, false).grant(spec(4, 2048 * MIB)))
                .isEqualTo(new HostCapacity.Grant(4, 2048 * MIB, ""));
    }

    @Test
    void lessIsGivenWhereThereIsLessAndSaidSo() {
        assertThat(new HostCapacity(2, 1536 * MIB, false).grant(spec(16, 65536 * MIB)))
                .isEqualTo(
                        new HostCapacity.Grant(
                                2,
                                1024 * MIB,
                                "given 2 of 16 processors and 1024 of 65536 MiB of memory"));
    }

    @Test
    void aHostWithoutRoomRefuses() {
        var full = new HostCapacity(2, HostCapacity.RESERVE_BYTES + 64 * MIB, false);

        assertThatThrownBy(() -> full.grant(spec(1, 1024 * MIB)))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo("not-enough-memory"))
                .hasMessage(
                        "machine ri-1: asks for 1024 MiB of memory, this host has 576 MiB available"
                                + " and keeps 512 MiB for itself; free some, or terminate other instances");
    }

    private static MachineSpec spec(int processors, long memoryBytes) {
        return new MachineSpec("ri-1", "web1", processors, memoryBytes, false, List.of());
    }
}
