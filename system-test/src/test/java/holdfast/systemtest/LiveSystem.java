package holdfast.systemtest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A machine that runs the failback client's live system in QEMU, and ends when that restarts it.
/// It reaches this machine's loopback as [#HOST].
final class LiveSystem implements AutoCloseable {
    static final String HOST = "10.0.2.2";

    /// Settings for the start that do without DHCP.
    static final String ADDRESSES =
            "IPADDR=10.0.2.15 NETMASK=255.255.255.0 GATEWAY=10.0.2.2 DNS=10.0.2.3 CONFIG_NETWORK=1";

    private final Lab lab;
    private final Path console;
    private final Process machine;

    private LiveSystem(Lab lab, Path console, Process machine) {
        this.lab = lab;
        this.console = console;
        this.machine = machine;
    }

    /// Makes an image as a user would.
    static Path image(Lab lab, String kernelArguments) throws IOException, InterruptedException {
        var image = lab.directory.resolve("live.iso");
        lab.commands.output(
                Checkout.root().resolve("holdfast").toString(),
                "failback",
                "iso",
                "--out",
                image.toString(),
                "--ca",
                lab.installation.data().resolve("ca.pem").toString(),
                "--kernel-arguments",
                kernelArguments);
        return image;
    }

    /// Starts from the image's disc, by the machine's firmware.
    ///
    /// @param disks images, with the serial numbers `disk-0`, `disk-1` and so on
    static LiveSystem fromDisc(Lab lab, Path image, MachineFirmware firmware, List<Path> disks)
            throws IOException {
        var boot = new ArrayList<>(List.of("-cdrom", image.toString(), "-boot", "d"));
        boot.addAll(firmware.arguments());
        return start(lab, boot, disks);
    }

    /// Starts from a USB stick that the image was copied to.
    static LiveSystem fromStick(Lab lab, Path image, MachineFirmware firmware)
            throws IOException, InterruptedException {
        var stick = lab.directory.resolve("stick.img");
        lab.commands.output("cp", image.toString(), stick.toString());
        lab.commands.output("truncate", "--size=256M", stick.toString());
        var boot =
                new ArrayList<>(
                        List.of(
                                "-device",
                                "qemu-xhci",
                                "-drive",
                                "file=" + stick + ",format=raw,if=none,id=stick",
                                "-device",
                                "usb-storage,drive=stick"));
        boot.addAll(firmware.arguments());
        return start(lab, boot, List.of());
    }

    /// Starts the image's kernel at once, which spares the firmware's time.
    static LiveSystem fromKernel(Lab lab, Path image, String kernelArguments, List<Path> disks)
            throws IOException, InterruptedException {
        var kernel = lab.directory.resolve("vmlinuz");
        var initial = lab.directory.resolve("initrd.zst");
        lab.commands.output(
                "xorriso",
                "-osirrox",
                "on",
                "-indev",
                image.toString(),
                "-extract",
                "/boot/vmlinuz",
                kernel.toString(),
                "-extract",
                "/boot/initrd.zst",
                initial.toString());
        return start(
                lab,
                List.of(
                        "-kernel",
                        kernel.toString(),
                        "-initrd",
                        initial.toString(),
                        "-append",
                        "console=ttyS0,115200 console=tty0 quiet " + kernelArguments),
                disks);
    }

    private static LiveSystem start(Lab lab, List<String> boot, List<Path> disks)
            throws IOException {
        var console = lab.directory.resolve("live.log");
        Files.deleteIfExists(console); // an earlier machine's
        var command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-machine",
                                "q35",
                                "-accel",
                                "tcg,thread=multi,tb-size=256",
                                "-cpu",
                                "max",
                                "-smp",
                                "2",
                                "-m",
                                "1024",
                                "-display",
                                "none",
                                "-nic",
                                "user,model=virtio-net-pci",
                                "-serial",
                                "file:" + console,
                                "-no-reboot"));
        command.addAll(boot);
        for (var i = 0; i < disks.size(); i++) {
            command.addAll(
                    List.of("-drive", "file=" + disks.get(i) + ",format=raw,if=none,id=d" + i));
            command.addAll(List.of("-device", "virtio-blk-pci,drive=d" + i + ",serial=disk-" + i));
        }
        var machine =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(lab.directory.resolve("live-qemu.log").toFile()));
        return lab.keep(new LiveSystem(lab, console, machine));
    }

    String said() throws IOException {
        return Files.exists(console) ? Files.readString(console, StandardCharsets.ISO_8859_1) : "";
    }

    void awaitSaying(String text, Duration atMost) throws IOException, InterruptedException {
        await("the live system's saying '" + text + "'", atMost, () -> said().contains(text));
    }

    /// Polls while the machine runs.
    void await(String what, Duration atMost, holdfast.demo.Installation.Condition condition)
            throws IOException, InterruptedException {
        try {
            lab.installation.await(what, machine, atMost, condition);
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "\n  live system: " + said(), e);
        }
    }

    /// Waits until the system has restarted the machine.
    void awaitRestart(Duration atMost) throws IOException, InterruptedException {
        if (!machine.waitFor(atMost)) {
            throw new IOException("the live system did not restart: " + said());
        }
    }

    @Override
    public void close() {
        machine.destroyForcibly().onExit().join();
    }
}
