package holdfast.systemtest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Machines that run the failback client's live system in QEMU, and end when that restarts them.
final class LiveSystem {
    /// Settings for the start that do without DHCP.
    static final String ADDRESSES =
            "IPADDR=10.0.2.15 NETMASK=255.255.255.0 GATEWAY=10.0.2.2 DNS=10.0.2.3 CONFIG_NETWORK=1";

    private static final int MEMORY_MEBIBYTES = 1024;

    private LiveSystem() {}

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
    static QemuMachine fromDisc(Lab lab, Path image, MachineFirmware firmware, List<Path> disks)
            throws IOException {
        var boot = new ArrayList<>(List.of("-cdrom", image.toString(), "-boot", "d"));
        boot.addAll(firmware.arguments());
        for (var i = 0; i < disks.size(); i++) {
            boot.addAll(List.of("-drive", "file=" + disks.get(i) + ",format=raw,if=none,id=d" + i));
            boot.addAll(List.of("-device", "virtio-blk-pci,drive=d" + i + ",serial=disk-" + i));
        }
        return start(lab, boot);
    }

    /// Starts from a USB stick that the image was copied to.
    static QemuMachine fromStick(Lab lab, Path image, MachineFirmware firmware)
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
        return start(lab, boot);
    }

    /// Starts the image's kernel at once, which spares the firmware's time.
    static QemuMachine fromKernel(Lab lab, Path image, String kernelArguments)
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
                        "console=ttyS0,115200 console=tty0 quiet no_timer_check "
                                + kernelArguments));
    }

    private static QemuMachine start(Lab lab, List<String> boot) throws IOException {
        var arguments = new ArrayList<>(QemuMachine.NETWORK);
        arguments.addAll(boot);
        return QemuMachine.start(lab, "live", MEMORY_MEBIBYTES, arguments);
    }
}
