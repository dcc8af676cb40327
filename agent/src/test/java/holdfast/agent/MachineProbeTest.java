package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineProbeTest {
    @TempDir Path root;

    @Test
    void readsWhatTheKernelSays() throws Exception {
        put("proc/sys/kernel/hostname", "web-1\n");
        put("proc/sys/kernel/osrelease", "6.1.0-56-cloud-amd64\n");
        put("proc/sys/kernel/random/boot_id", "0a1b\n");
        put("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
        put(
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: Some CPU @ 2.5GHz\nprocessor\t: 1\n"
                        + "model name\t: Some CPU @ 2.5GHz\n");
        put("proc/meminfo", "MemTotal:       16384000 kB\nMemFree: 1 kB\n");
        Files.createDirectories(root.resolve("sys/firmware/efi"));
        var facts = new MachineProbe(root, "0.1").facts("ebpf");
        assertThat(facts.hostname()).isEqualTo("web-1");
        assertThat(facts.os()).isEqualTo("Debian GNU/Linux 12");
        assertThat(facts.kernel()).isEqualTo("6.1.0-56-cloud-amd64");
        assertThat(facts.cpuModel()).isEqualTo("Some CPU @ 2.5GHz");
        assertThat(facts.cpuCount()).isEqualTo(2);
        assertThat(facts.memoryBytes()).isEqualTo(16_384_000L * 1024);
        assertThat(facts.uefi()).isTrue();
        assertThat(facts.bootId()).isEqualTo("0a1b");
        assertThat(facts.tracker()).isEqualTo("ebpf");
    }

    @Test
    void anArmProcessorIsKnownByItsPart() throws Exception {
        put("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
        assertThat(new MachineProbe(root, "0.1").facts("").cpuModel())
                .isEqualTo("implementer 0x41 part 0xd0c");
    }

    @Test
    void whatCannotBeFoundOutIsLeftEmpty() {
        var facts = new MachineProbe(root, "0.1").facts("");
        assertThat(facts.hostname()).isEmpty();
        assertThat(facts.memoryBytes()).isZero();
        assertThat(facts.uefi()).isFalse();
    }

    private void put(String file, String text) throws IOException {
        var path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
