package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The clients that operators use, as they come with the system.
class PeersTest {
    private static final int SIZE = (int) TestServer.DISK_BYTES;

    @TempDir Path folder;
    private TestServer server;
    private MemoryDisk disk;
    private String uri;
    private String pointUri;

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        disk = server.disk;
        var socket = UnixDomainSocketAddress.of(folder.resolve("nbd"));
        server.server.listen(socket, new Tls.Off());
        uri = "nbd+unix:///disk?socket=" + socket.getPath();
        pointUri = "nbd+unix:///point?socket=" + socket.getPath();
    }

    @AfterEach
    void stop() {
        server.close();
        assertThat(disk.open).hasValue(0);
    }

    @Test
    void nbdinfoSeesAllThatIsOffered() throws Exception {
        assertThat(Peer.run("nbdinfo", "--json", uri))
                .contains("\"export-size\": " + SIZE)
                .contains("\"is_read_only\": false", "\"can_cache\": true", "\"can_df\": true")
                .contains("\"can_fast_zero\": true", "\"can_flush\": true", "\"can_fua\": true")
                .contains("\"can_multi_conn\": true", "\"can_trim\": true", "\"can_zero\": true")
                .contains("\"structured\": true", "\"base:allocation\"")
                .contains("\"block_size_minimum\": 1", "\"block_size_preferred\": 4096")
                .contains("\"block_size_maximum\": 33554432");
        assertThat(Peer.run("nbdinfo", "--json", pointUri))
                .contains("\"is_read_only\": true", "\"can_trim\": false", "\"can_zero\": false")
                .contains("\"can_multi_conn\": true");
        var list = uri.replace("/disk", "/");
        assertThat(Peer.run("nbdinfo", "--list", list)).contains("\"disk\":", "\"point\":");
    }

    @Test
    void nbdinfoMapsDataAndHoles() throws Exception {
        disk.fill(1 << 20, random(8192));
        var lines = Peer.run("nbdinfo", "--map", uri).strip().split("\n");
        assertThat(Arrays.stream(lines).map(line -> line.strip().replaceAll(" +", " ")))
                .containsExactly(
                        "0 1048576 3 hole,zero",
                        "1048576 8192 0 data",
                        "1056768 " + (SIZE - 1056768) + " 3 hole,zero");
    }

    @Test
    void nbdcopyCopiesBothWays() throws Exception {
        var image = sparseImage();
        Peer.run("nbdcopy", "--flush", image.toString(), uri);
        assertThat(disk.bytes(0, SIZE)).isEqualTo(Files.readAllBytes(image));
        assertThat(disk.flushes.get()).isPositive();
        var back = folder.resolve("back");
        Peer.run("nbdcopy", pointUri, back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        Peer.run("nbdcopy", "--synchronous", pointUri, back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    }

    @Test
    void qemuImgDescribesConvertsAndCompares() throws Exception {
        var image = sparseImage();
        assertThat(Peer.run("qemu-img", "info", uri)).contains("virtual size: 64 MiB");
        disk.fill(0, random(SIZE)); // what convert must overwrite with zeros too
        Peer.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), uri);
        assertThat(disk.bytes(0, SIZE)).isEqualTo(Files.readAllBytes(image));
        assertThat(Peer.run("qemu-img", "compare", "-f", "raw", "-F", "raw", image.toString(), uri))
                .contains("identical");
        var before = disk.bytes(0, SIZE);
        Peer.run("qemu-img", "bench", "-w", "-f", "raw", "-c", "2000", "-d", "16", uri);
        Arrays.fill(before, 0, 2000 * 4096, (byte) 0);
        assertThat(disk.bytes(0, SIZE)).isEqualTo(before);
        assertThat(Peer.attempt(folder, "qemu-img", "bench", "-w", "-f", "raw", pointUri).status())
                .isNotZero();
    }

    @Test
    void qemuImgMapsDataAndHoles() throws Exception {
        disk.fill(1 << 20, random(8192));
        assertThat(Peer.run("qemu-img", "map", "--output=json", "-f", "raw", pointUri))
                .containsPattern("\"start\": 0, \"length\": 1048576.*\"data\": false")
                .containsPattern("\"start\": 1048576, \"length\": 8192.*\"data\": true");
    }

    @Test
    void qemuIoWritesZeroesFlushesAndDiscards() throws Exception {
        var expected = random(1 << 20);
        disk.fill(0, expected);
        var output =
                Peer.run(
                        "qemu-io",
                        "-f",
                        "raw",
                        "-c",
                        "write -zu 128k 64k",
                        "-c",
                        "write -z 192k 64k",
                        "-c",
                        "write -f -P 9 512k 4k",
                        "-c",
                        "discard 256k 64k",
                        "-c",
                        "read -P 0 128k 192k",
                        "-c",
                        "flush",
                        "-c",
                        "map",
                        uri);
        assertThat(output).doesNotContain("failed", "verification");
        Arrays.fill(expected, 128 << 10, 320 << 10, (byte) 0);
        Arrays.fill(expected, 512 << 10, 516 << 10, (byte) 9);
        assertThat(disk.bytes(0, 1 << 20)).isEqualTo(expected);
        assertThat(disk.allocated(128 << 10)).isFalse();
        assertThat(disk.allocated(256 << 10)).isFalse();
        assertThat(disk.durableWrites.get() + disk.flushes.get()).isPositive();
    }

    @Test
    void fioVerifiesWhatItWrote() throws Exception {
        var output =
                Peer.run(
                        folder,
                        "fio",
                        "--name=verify",
                        "--ioengine=nbd",
                        "--uri=" + uri,
                        "--rw=randrw",
                        "--bsrange=512-64k",
                        "--blockalign=512",
                        "--size=16m",
                        "--iodepth=16",
                        "--fsync=32",
                        "--verify=crc32c",
                        "--verify_fatal=1");
        assertThat(output).contains("err= 0").doesNotContain("verify: bad");
        assertThat(disk.writes.get()).isPositive();
        assertThat(disk.flushes.get()).isPositive();
    }

    @Test
    void peersComeInOverTlsAndOnlyOverTls() throws Exception {
        var tls = new TestTls(folder);
        var limits = TestServer.PATIENT;
        try (var secured =
                new TestServer(limits, TimeSource.system(), new Tls.Required(tls::accept))) {
            secured.disk.fill(1 << 20, random(1 << 20));
            var port = ((InetSocketAddress) secured.address).getPort();
            var there = "localhost:%d/disk?tls-certificates=%s".formatted(port, folder);
            assertThat(Peer.run("nbdinfo", "--json", "nbds://" + there)).contains("\"TLS\": true");
            var plain = Peer.attempt(folder, "nbdinfo", "nbd://" + there);
            assertThat(plain.status()).isNotZero();
            var copy = folder.resolve("copy");
            Peer.run("nbdcopy", "nbds://" + there, copy.toString());
            assertThat(Files.readAllBytes(copy)).isEqualTo(secured.disk.bytes(0, SIZE));
            Peer.run(
                    "qemu-img",
                    "convert",
                    "--object",
                    "tls-creds-x509,id=tls,endpoint=client,dir=" + folder,
                    "--image-opts",
                    "driver=nbd,host=localhost,port=%d,export=disk,tls-creds=tls".formatted(port),
                    folder.resolve("copy2").toString());
            assertThat(Files.mismatch(copy, folder.resolve("copy2"))).isEqualTo(-1);
        }
    }

    private Path sparseImage() throws IOException {
        var image = folder.resolve("image");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE);
            file.seek(3 << 20);
            file.write(random(5 << 20));
            file.seek(40_000_001);
            file.write(random(777_777));
        }
        return image;
    }

    private static byte[] random(int length) {
        var bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }
}
