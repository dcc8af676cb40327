package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Real machines on a real disk. Times are generous: without hardware virtualization, on a machine
/// with other work, a boot may take a minute.
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class QemuBootTest {
    private static final Duration BOOT_TIMEOUT = Duration.ofMinutes(8);

    /// A screen of kernel messages has several times as many, a firmware's greeting has fewer.
    private static final int PIXELS_OF_A_BOOT = 10_000;

    private static final String ID = "ri-00000000000000001";
    private static final String PROMPT = "login prompt on the serial console: \"web1 login:\"";

    @TempDir private static Path disks;

    @TempDir private Path directory;
    private QemuHost host;
    private DiskServer server;

    @BeforeAll
    static void needsPrograms() {
        for (var firmware : Firmware.values()) {
            var complaint = BootableDisk.prerequisites(firmware).complaint();
            assumeTrue(complaint.isEmpty(), complaint::orElseThrow);
        }
        assumeTrue(
                Files.exists(Path.of(DiskServer.PROGRAM)),
                "an NBD server to test with is missing; run: apt-get install nbdkit");
    }

    @BeforeEach
    void open() throws IOException {
        host = host();
    }

    @AfterEach
    void terminate() throws Exception {
        host.terminate(ID);
        server.close();
    }

    private void serve(Path image) throws Exception {
        server = new DiskServer(image, directory);
    }

    /// As when the process that is both, launcher of machines and server of disks, is killed.
    @Test
    void aMachineOutlivesItsLauncherAndTheServerOfItsDisks() throws Exception {
        serve(disk(Firmware.BIOS));
        var spec = spec(false);
        var launched = host.launch(spec);
        assertThat(launched.running()).isTrue();
        assertThat(host.launch(spec)).isEqualTo(launched);

        var later = host(QemuInstallation.USUAL);
        assertThat(later.machines()).containsExactly(ID);
        assertThat(later.find(ID)).contains(launched);
        var said = new ArrayList<String>();
        Consumer<String> killer =
                line -> {
                    said.add(line);
                    if (line.startsWith("[") && server.starts() == 1) { // the kernel runs
                        server.killAndStartAgain(Duration.ofSeconds(1));
                    }
                };
        var proof = later.awaitBoot(ID, BOOT_TIMEOUT, killer);

        assertThat(proof.proven()).as(proof.evidence()).isTrue();
        assertThat(proof.evidence()).isIn(PROMPT, "guest agent answered");
        assertThat(server.starts()).as("told: %s", said).isEqualTo(2);
        assertThat(proof.took()).isPositive().isLessThan(BOOT_TIMEOUT);
        assertThat(proof.consoleLog()).content().contains("Run /init as init process");
        assertThat(litPixels(proof.screenshot().orElseThrow())).isGreaterThan(PIXELS_OF_A_BOOT);
        assertThat(later.awaitBoot(ID, Duration.ZERO, _ -> {})).isEqualTo(proof);

        later.terminate(ID);
        assertEnds(launched);
        assertThat(later.find(ID)).isEmpty();
        assertThat(later.machines()).isEmpty();
        assertThat(directory.resolve("machines")).isEmptyDirectory();
        assertThat(proof.consoleLog()).exists();
        assertThat(proof.screenshot().orElseThrow()).exists();
        assertThat(proof.consoleLog().resolveSibling("proof.json"))
                .content()
                .contains("\"proven\" : true");
    }

    @Test
    void aMachineWithUefiBootsAndItsGuestAgentAnswers() throws Exception {
        serve(disk(Firmware.UEFI));
        host.launch(spec(true));

        var proof = host.awaitBoot(ID, BOOT_TIMEOUT, _ -> {});

        assertThat(proof.proven()).as(proof.evidence()).isTrue();
        assertThat(litPixels(proof.screenshot().orElseThrow())).isGreaterThan(PIXELS_OF_A_BOOT);

        var socket = MachineDirectory.of(directory, ID).guestAgent();
        try (var agent = new GuestAgentWatch(Network.system(), TimeSource.system(), socket)) {
            var deadline = System.nanoTime() + BOOT_TIMEOUT.toNanos();
            while (!agent.answered()) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.sleep(50);
            }
        }
        var endless = "sleep 1000".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> host.runScript(ID, endless, Map.of(), Duration.ofSeconds(20)))
                .hasMessageContaining("and killed");
        var script =
                "echo $GREETING from $(id -u); pidof sleep || exit 5"
                        .getBytes(StandardCharsets.UTF_8);
        assertThat(host.runScript(ID, script, Map.of("GREETING", "hello"), BOOT_TIMEOUT))
                .isEqualTo(new ScriptRun(5, "hello from 0"));
    }

    @Test
    void aDiskThatCannotBootIsToldAtOnce() throws Exception {
        serve(emptyDisk());
        host.launch(spec(false));

        var proof = host.awaitBoot(ID, BOOT_TIMEOUT, _ -> {});

        assertThat(proof.proven()).isFalse();
        assertThat(proof.evidence()).contains("No bootable device");
        assertThat(proof.screenshot()).isPresent();
        assertThat(proof.took()).isLessThan(BOOT_TIMEOUT);
    }

    @Test
    void aMachineHaltedByItsDisksServerGoesOn() throws Exception {
        serve(emptyDisk());
        server.failReads();
        host.launch(spec(false));
        var said = new ArrayList<String>();
        Consumer<String> healer =
                line -> {
                    if (said.isEmpty()) {
                        server.answerReads();
                    }
                    said.add(line);
                };

        var proof = host.awaitBoot(ID, BOOT_TIMEOUT, healer);

        assertThat(said).contains("halted by an error of a disk; resumed");
        assertThat(proof.evidence()).contains("No bootable device"); // it got past the reading
    }

    @Test
    void aMachineIsTerminatedEvenIfItsDisksServerIsGone() throws Exception {
        serve(emptyDisk());
        var machine = host.launch(spec(false));
        server.close();

        host.terminate(ID);

        assertEnds(machine);
        assertThat(host.machines()).isEmpty();
    }

    @Test
    void aMachineThatDiesEndsTheWaitAndCanBeLaunchedAgain() throws Exception {
        serve(emptyDisk());
        var first = host.launch(spec(false));
        ProcessHandle.of(first.pid()).orElseThrow().destroyForcibly();

        var proof = host.awaitBoot(ID, BOOT_TIMEOUT, _ -> {});

        assertThat(proof.proven()).isFalse();
        assertThat(proof.evidence())
                .isEqualTo("the machine ended; its serial console said nothing");
        assertThat(host.find(ID).orElseThrow().running()).isFalse();
        assertThat(host.machines()).containsExactly(ID);
        var second = host.launch(spec(false));
        assertThat(second.running()).isTrue();
        assertThat(second.pid()).isNotEqualTo(first.pid());
    }

    @Test
    void aLaunchThatFailsSaysWhyAndLeavesNothing() throws Exception {
        serve(emptyDisk());
        var code = Files.writeString(directory.resolve("code.fd"), "no firmware");
        var usual = QemuInstallation.USUAL;
        var broken =
                new QemuInstallation(
                        usual.programs(), List.of(new QemuInstallation.UefiFirmware(code, code)));
        host = host(broken);

        assertThatThrownBy(() -> host.launch(spec(true)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("machine " + ID + ": qemu ended at its start with status 1")
                .hasMessageContaining("system firmware block device");
        assertThat(host.machines()).isEmpty();
        assertThat(host.find(ID)).isEmpty();
        assertThat(directory.resolve("machines")).isEmptyDirectory();
    }

    private QemuHost host() throws IOException {
        return host(QemuInstallation.USUAL);
    }

    private QemuHost host(QemuInstallation installation) throws IOException {
        return new QemuHost(
                directory,
                Filesystem.local(),
                Network.system(),
                Processes.system(),
                TimeSource.system(),
                installation,
                Path.of("/proc"));
    }

    private MachineSpec spec(boolean uefi) {
        return new MachineSpec(ID, "web1", 2, 512 << 20, uefi, List.of(server.disk()));
    }

    private static Path disk(Firmware firmware) throws Exception {
        var image = disks.resolve(firmware + ".img");
        if (!Files.exists(image)) {
            var cache = BootableDisk.defaultCache(System.getenv());
            new BootableDisk(Processes.system(), cache)
                    .build(new DiskPlan(256 << 20, firmware, "web1"), image, _ -> {});
        }
        return image;
    }

    private Path emptyDisk() throws IOException {
        var image = directory.resolve("empty.img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(16 << 20);
        }
        return image;
    }

    /// The kernel may keep the number for a moment, until the process's parent has looked at it.
    private static void assertEnds(Machine machine) {
        ProcessHandle.of(machine.pid())
                .ifPresent(process -> process.onExit().orTimeout(2, TimeUnit.MINUTES).join());
    }

    private static int litPixels(Path png) throws IOException {
        var image = ImageIO.read(png.toFile());
        var lit = 0;
        for (var y = 0; y < image.getHeight(); y++) {
            for (var x = 0; x < image.getWidth(); x++) {
                lit += (image.getRGB(x, y) & 0xffffff) == 0 ? 0 : 1;
            }
        }
        return lit;
    }
}
