package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Exports what a real NBD server, `qemu-nbd`, serves, with the real `qemu-img`.
class ExportTest {
    private static final int DISK_BYTES = 16 << 20;

    @TempDir Path folder;

    private Path disk;
    private Process nbd;
    private String uri = "";
    private FakeApi api;
    private CommandLineFixture holdfast;

    @BeforeEach
    void serveADisk() throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/qemu-nbd")),
                "needs qemu-nbd, package qemu-utils");
        disk = folder.resolve("disk.raw");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
            file.seek(5 << 20);
            file.write("what must arrive".getBytes(StandardCharsets.UTF_8));
        }
        var socket = folder.resolve("nbd.sock");
        var ready = folder.resolve("nbd.pid");
        nbd =
                new ProcessBuilder(
                                List.of(
                                        "qemu-nbd",
                                        "--read-only",
                                        "--persistent",
                                        "-f",
                                        "raw",
                                        "-k",
                                        socket.toString(),
                                        "--pid-file",
                                        ready.toString(),
                                        disk.toString()))
                        .inheritIO()
                        .start();
        while (!Files.exists(ready)) {
            assertThat(nbd.isAlive()).as("qemu-nbd runs").isTrue();
            Thread.onSpinWait();
        }
        uri = "nbd+unix:///?socket=" + socket;
        api = new FakeApi(Files.createDirectory(folder.resolve("data")));
        api.on("GET /servers", 200, ApiFixtures.SERVERS)
                .on("POST /exports", 200, answer(uri))
                .on("DELETE /exports/x-1", 204, "");
        holdfast = new CommandLineFixture(folder).asking(api);
    }

    private static String answer(String uri) {
        return ApiClient.JSON.createObjectNode().put("id", "x-1").put("uri", uri).toString();
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (nbd != null) {
            nbd.destroy();
            nbd.waitFor();
        }
        if (api != null) {
            api.close();
        }
    }

    private CommandLineFixture.Ran export(String format, Path to, String... more) {
        var line =
                new ArrayList<>(
                        List.of(
                                "export",
                                "web-1",
                                "--disk",
                                "/dev/vda",
                                "--format",
                                format,
                                "--to",
                                to.toString()));
        line.addAll(List.of(more));
        return holdfast.run(line.toArray(String[]::new));
    }

    @Test
    void aRawImageIsTheDiskByteForByteAndKeepsItsHoles() throws IOException {
        var image = folder.resolve("out.raw");
        var ran = export("raw", image, "--at", "16:29:59");
        assertThat(ran.err()).endsWith("out.raw: 100%\n");
        assertThat(ran.status()).isEqualTo(ExitStatus.OK);
        assertThat(ran.out()).isEqualTo(image + " written in 0 ms\n");
        assertThat(Files.mismatch(disk, image)).isEqualTo(-1);
        assertThat(((Number) Files.getAttribute(image, "unix:size")).longValue())
                .isEqualTo(DISK_BYTES);
        assertThat(allocatedBytes(image)).isLessThan(1 << 20);
        assertThat(api.requests())
                .containsExactly(
                        "GET /servers",
                        "POST /exports {\"server\":\"s-00000000000000001\",\"disk\":\"/dev/vda\","
                                + "\"at\":\"2026-11-21T15:29:59Z\"}",
                        "DELETE /exports/x-1");
    }

    @Test
    void aQcow2ImageIsOne() throws IOException {
        var image = folder.resolve("out.qcow2");
        assertThat(export("qcow2", image, "--json").status()).isEqualTo(ExitStatus.OK);
        try (var file = Files.newInputStream(image)) {
            assertThat(file.readNBytes(4)).isEqualTo(new byte[] {'Q', 'F', 'I', (byte) 0xfb});
        }
    }

    @Test
    void allDisksOfAnInstanceBecomeImagesNamedAfterThem() throws IOException {
        var id = "i-0123456789abcdef0";
        var export = (ObjectNode) ApiClient.JSON.readTree(answer(uri));
        export.put("disk", "/dev/disk/by-id/ata-X");
        export.putObject("point").put("instant", "2026-11-21T15:29:59Z");
        var exports = ApiClient.JSON.createObjectNode();
        exports.putArray("exports").add(export);
        api.on("POST /instances/" + id + "/exports", 201, exports.toString());
        var ran =
                holdfast.run(
                        "instances", "export", id, "--format", "raw", "--to", folder.toString());
        assertThat(ran.status()).as(ran.err()).isEqualTo(ExitStatus.OK);
        var image = folder.resolve("disk-by-id-ata-X.raw");
        assertThat(ran.out()).contains("/dev/disk/by-id/ata-X of ").contains(image.toString());
        assertThat(Files.mismatch(disk, image)).isEqualTo(-1);
        assertThat(api.requests())
                .containsExactly("POST /instances/" + id + "/exports {}", "DELETE /exports/x-1");
        var again =
                holdfast.run(
                        "instances", "export", id, "--format", "raw", "--to", folder.toString());
        assertThat(again.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(again.err()).contains("exists");
        assertThat(api.requests()).endsWith("DELETE /exports/x-1");
    }

    @Test
    void anExistingFileIsKeptUnlessForced() throws IOException {
        var image = Files.writeString(folder.resolve("precious"), "do not lose");
        var ran = export("raw", image);
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err())
                .isEqualTo(
                        "holdfast: "
                                + image
                                + " exists: name another, or overwrite it with --force\n");
        assertThat(image).hasContent("do not lose");
        assertThat(api.requests()).isEmpty();
        assertThat(export("raw", image, "--force").status()).isEqualTo(ExitStatus.OK);
        assertThat(Files.mismatch(disk, image)).isEqualTo(-1);
    }

    @Test
    void aDeviceIsNotOverwrittenUnasked() {
        var ran = export("raw", Path.of("/dev/null"));
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err()).contains("/dev/null is a device: all that is on it would be lost");
    }

    @ParameterizedTest
    @ValueSource(strings = {"missing/out.raw", "data"})
    void aTargetThatCannotBeAFileIsRefusedFirst(String target) {
        assertThat(export("raw", folder.resolve(target)).status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void aFailedCopyLeavesNothingBehindAndEndsTheExport() throws Exception {
        nbd.destroy();
        nbd.waitFor();
        var image = folder.resolve("out.raw");
        var ran = export("raw", image);
        assertThat(ran.status()).isEqualTo(ExitStatus.FAILURE);
        assertThat(ran.err()).startsWith("holdfast: qemu-img measure ended with status 1: ");
        assertThat(image).doesNotExist();
        assertThat(folder.resolve("out.raw.part")).doesNotExist();
        assertThat(api.requests()).endsWith("DELETE /exports/x-1");
    }

    @Test
    void servingEndsWithTheCommand() throws InterruptedException {
        var out = new ByteArrayOutputStream();
        var command =
                holdfast.start(out, "export", "web-1", "--disk", "/dev/vda", "--format", "nbd");
        while (out.size() == 0 && command.isAlive()) {
            Thread.onSpinWait();
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("nbd+unix:///?socket=");
        assertThat(api.requests()).doesNotContain("DELETE /exports/x-1");
        command.interrupt();
        command.join();
        assertThat(api.requests()).endsWith("DELETE /exports/x-1");
    }

    private static long allocatedBytes(Path file) throws IOException {
        var du = new ProcessBuilder("du", "--block-size=1", file.toString()).start();
        return Long.parseLong(
                new String(du.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                        .split("\t")[0]);
    }
}
