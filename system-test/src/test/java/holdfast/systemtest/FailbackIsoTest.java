package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import holdfast.images.EfiPartition;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The failback client on a machine that has nothing but the live system's image in its drive.
class FailbackIsoTest {
    private static final Duration MAX = Duration.ofMinutes(9);
    private static final Duration LONG = Duration.ofMinutes(30);
    private static final long DATA_BYTES = (24L << 20) + 512;
    private static final int CHANGES = 16;
    private static final int CHANGE_BYTES = 24 << 10;

    /// From the kernel on, without the minutes that firmware takes to load it in emulation.
    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES) // less than MAX for each step of it
    void theImageStartsTheClientOnAMachineOfOneGibibyte() throws Exception {
        try (var lab = Lab.open("iso")) {
            lab.installation.startServer();
            var image = LiveSystem.image(lab, "");
            assertBootRecords(lab, image);
            assertSum(image);
            var live = LiveSystem.fromKernel(lab, image, unknownKey(lab));
            assertFirstAnswer(lab, live, MAX);
        }
    }

    /// By BIOS and UEFI, from a disc and from a stick; and the image made again is the same.
    @Test
    @Tag("long")
    @Timeout(value = 90, unit = TimeUnit.MINUTES)
    void everyFirmwareStartsTheImageFromDiscAndStick() throws Exception {
        try (var lab = Lab.open("isostarts")) {
            lab.installation.startServer();
            var image = LiveSystem.image(lab, unknownKey(lab));
            var sum = image.resolveSibling(image.getFileName() + ".sha512");
            var first = Files.readString(sum);
            LiveSystem.image(lab, unknownKey(lab));
            assertThat(sum).hasContent(first);
            for (var kind : Firmware.values()) {
                var variables = lab.directory.resolve("variables");
                var firmware = MachineFirmware.of(kind, variables);
                try (var live = LiveSystem.fromDisc(lab, image, firmware, List.of())) {
                    assertFirstAnswer(lab, live, LONG);
                }
                Files.deleteIfExists(variables);
                firmware = MachineFirmware.of(kind, variables);
                try (var live = LiveSystem.fromStick(lab, image, firmware)) {
                    assertFirstAnswer(lab, live, LONG);
                }
            }
        }
    }

    /// With UEFI the boot loader is where only an entry among the firmware's variables leads to, of
    /// which this machine has none.
    @ParameterizedTest
    @EnumSource
    @Tag("long")
    @Timeout(value = 90, unit = TimeUnit.MINUTES)
    void aServerComesHomeToAMachineThatStartsFromTheDisc(Firmware kind) throws Exception {
        try (var lab = Lab.open("isohome")) {
            var system = lab.directory.resolve("system.img");
            new BootableDisk(lab.processes, BootableDisk.defaultCache(System.getenv()))
                    .build(
                            new DiskPlan(DiskPlan.SIZE_BYTES_MIN, kind, "comes-home"),
                            system,
                            _ -> {});
            var variables = lab.directory.resolve("variables");
            if (kind == Firmware.UEFI) {
                hideLoader(lab, system);
                new RecoveredDisks(lab)
                        .assertSays(system, MachineFirmware.of(kind, variables), "BdsDxe: failed");
                Files.delete(variables);
            }
            var data = lab.directory.resolve("data.img");
            var random = new SplittableRandom(5);
            var bytes = new byte[Math.toIntExact(DATA_BYTES)];
            random.nextBytes(bytes);
            Files.write(data, bytes);
            var instance = ReadyInstance.recover(lab, List.of(system, data));

            var disks = new RecoveredDisks(lab);
            disks.write(DATA_BYTES, writes(lab, DATA_BYTES, random));
            // before the file system, so that the machine still boots
            var unused = DiskPlan.ROOT_OFFSET_BYTES - CHANGE_BYTES;
            disks.write(
                    DiskPlan.SIZE_BYTES_MIN, List.of("write -P 77 " + unused + " " + CHANGE_BYTES));

            var key = new DrsFixture(lab, system).firstKey();
            var names = instance.disks();
            var arguments =
                    "%s HOLDFAST_JAVA_OPTIONS=-XX:TieredStopAtLevel=1 AWS_ENDPOINT_URL=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s -- --no-prompt --recovery-instance-id %s --dm-value-format by-id --device-mapping %s=virtio-disk-0,%s=virtio-disk-1"
                            .formatted(
                                    LiveSystem.ADDRESSES,
                                    QemuMachine.url(lab),
                                    key.id(),
                                    key.secret(),
                                    instance.id(),
                                    names.get(0),
                                    names.get(1));
            var image = LiveSystem.image(lab, arguments);
            var live =
                    LiveSystem.fromDisc(
                            lab, image, MachineFirmware.of(kind, variables), List.of(system, data));
            var run = new FailbackRun(lab, instance.id(), Map.of());
            live.await("READY", LONG, () -> run.failback().equals("READY"));
            run.launch();
            live.awaitEnd(LONG);

            assertThat(live.said())
                    .contains(instance.id() + " is home")
                    .doesNotContain("; 0 B received");
            assertThat(run.failback()).isEqualTo("COMPLETED");
            disks.compare(DiskPlan.SIZE_BYTES_MIN, system);
            disks.compare(DATA_BYTES, data);
            disks.assertSays(system, MachineFirmware.of(kind, variables), "comes-home login:");
        }
    }

    private static String unknownKey(Lab lab) {
        return "HOLDFAST_JAVA_OPTIONS=-XX:TieredStopAtLevel=1 AWS_ENDPOINT_URL=%s AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=none -- --no-prompt"
                .formatted(QemuMachine.url(lab));
    }

    private static void assertFirstAnswer(Lab lab, QemuMachine live, Duration atMost)
            throws Exception {
        live.awaitSaying("Network: ", atMost);
        // said by the server: it was reached, and known by the certificate in the image
        live.awaitSaying("The client ended with status 3", atMost);
        assertThat(live.said()).contains(QemuMachine.url(lab) + ": ");
        live.awaitSaying("Press Enter to start the failback client", atMost);
    }

    /// Moves the boot loader to where a distribution's installer puts it.
    private static void hideLoader(Lab lab, Path system) throws Exception {
        var partition =
                system + "@@" + (DiskPlan.SIZE_BYTES_MIN - EfiPartition.SIZE_BYTES - (1 << 20));
        lab.commands.output("mmd", "-i", partition, "::/EFI/debian");
        lab.commands.output(
                "mmove", "-i", partition, "::/EFI/BOOT/BOOTX64.EFI", "::/EFI/debian/shimx64.efi");
    }

    private static List<String> writes(Lab lab, long sizeBytes, SplittableRandom random)
            throws Exception {
        var commands = new ArrayList<String>();
        var bytes = new byte[CHANGE_BYTES];
        for (var i = 0; i < CHANGES; i++) {
            random.nextBytes(bytes);
            var file = Files.write(lab.directory.resolve("change-" + i), bytes);
            var offset = random.nextLong(sizeBytes / 4096 - 8) * 4096;
            commands.add("write -s " + file + " " + offset + " " + CHANGE_BYTES);
        }
        return commands;
    }

    private static void assertBootRecords(Lab lab, Path image) throws Exception {
        var records =
                lab.commands.output(
                        "xorriso",
                        "-indev",
                        image.toString(),
                        "-report_el_torito",
                        "plain",
                        "-report_system_area",
                        "plain");
        assertThat(records)
                .containsPattern("El Torito boot img : +1 +BIOS +y")
                .containsPattern("El Torito boot img : +2 +UEFI +y")
                .contains("grub2-mbr")
                .containsPattern("GPT partition path : +\\d +/boot/grub/efi.img");
    }

    private static void assertSum(Path image) throws Exception {
        var sum =
                HexFormat.of()
                        .formatHex(
                                MessageDigest.getInstance("SHA-512")
                                        .digest(Files.readAllBytes(image)));
        assertThat(image.resolveSibling(image.getFileName() + ".sha512"))
                .hasContent(sum + "  " + image.getFileName() + "\n");
    }
}
