package holdfast.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Processes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelModulesTest {
    private final Programs programs = new Programs(Processes.system());

    @TempDir private Path directory;
    @TempDir private Path scratch;

    @BeforeEach
    void makeKernel() throws IOException {
        Files.writeString(directory.resolve("modules.builtin"), "kernel/fs/ext4/ext4.ko\n");
        module("kernel/drivers/virtio-blk.ko", "virtio,virtio_ring");
        module("kernel/drivers/virtio.ko", "");
        module("kernel/drivers/virtio_ring.ko", "virtio");
    }

    @Test
    void aModuleComesAfterAllThatItNeeds() throws Exception {
        var ordered = modules().inLoadOrder(List.of("virtio_blk", "ext4", "virtio"));

        assertThat(ordered.keySet()).containsExactly("virtio", "virtio_ring", "virtio_blk");
        assertThat(ordered.get("virtio")).isEqualTo(content(""));
    }

    @Test
    void allModulesOfAFolderAreFoundAndNoOthers() throws Exception {
        module("kernel/drivers/nvme/host/nvme.ko", "");
        module("kernel/drivers/nvme/host/nvme-tcp.ko", "nvme");
        module("kernel/drivers/nvme-more/other.ko", "");

        assertThat(modules().in(List.of("drivers/nvme"))).containsExactly("nvme", "nvme_tcp");
        assertThat(modules().in(List.of("drivers/none"))).isEmpty();
    }

    @Test
    void compressedModulesAreUnpacked() throws Exception {
        assumeTrue(Programs.locate("xz").isPresent(), "missing: xz-utils");
        var module = module("kernel/drivers/virtio_scsi.ko", "virtio");
        programs.run(directory, "xz", module.toString());

        var ordered = modules().inLoadOrder(List.of("virtio_scsi"));

        assertThat(ordered.keySet()).containsExactly("virtio", "virtio_scsi");
        assertThat(ordered.get("virtio_scsi")).isEqualTo(content("virtio"));
        assertThat(directory.resolve("kernel/drivers/virtio_scsi.ko.xz")).exists();
    }

    @Test
    void aKernelThatLacksAModuleIsNotUsed() throws IOException {
        module("kernel/drivers/nvme.ko", "nvme_core");
        var modules = modules();

        assertThatThrownBy(() -> modules.inLoadOrder(List.of("nvme")))
                .isInstanceOf(IOException.class)
                .hasMessage("kernel module nvme_core, needed by [nvme]: not in the kernel package");
    }

    @Test
    void modulesThatNeedEachOtherEndTheSearch() throws IOException {
        module("kernel/a.ko", "b");
        module("kernel/b.ko", "a");
        var modules = modules();

        assertThatThrownBy(() -> modules.inLoadOrder(List.of("a")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("kernel module a, needed by [a, b]");
    }

    private KernelModules modules() throws IOException {
        return new KernelModules(programs, directory, scratch);
    }

    private Path module(String name, String depends) throws IOException {
        var file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, content(depends));
    }

    private static byte[] content(String depends) {
        return ("\177ELF\0license=GPL\0depends=" + depends + "\0retpoline=Y\0")
                .getBytes(StandardCharsets.ISO_8859_1);
    }
}
