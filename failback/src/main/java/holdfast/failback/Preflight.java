package holdfast.failback;

import holdfast.replication.MachineFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What may be wrong with the machine that is to be written. None of it keeps the disks from being
/// written; all of it may keep the machine from starting from them.
///
/// @param root `/`
record Preflight(Path root) {
    private static final long MEMORY_BYTES_MIN = 4L << 30;

    /// What a machine of 4 GiB has left after its firmware and kernel took theirs.
    private static final double USABLE = 0.9;

    private static final String SECURE_BOOT =
            "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

    /// Each with its remedy.
    List<String> warnings(MachineFacts machine, Instance instance) {
        var found = new ArrayList<String>();
        if (machine.memoryBytes() < MEMORY_BYTES_MIN * USABLE) {
            found.add(
                    String.format(
                            Locale.ROOT,
                            "this machine has %d MiB of memory, and 4 GiB are recommended: give it more if the failback is slow",
                            machine.memoryBytes() >> 20));
        }
        if (secureBoot()) {
            found.add(
                    "secure boot is on: turn it off in the firmware's settings, or the machine may not start from the written disks");
        }
        if (localClock()) {
            found.add(
                    "the hardware clock is set to local time: set it to UTC (hwclock --systohc --utc)");
        }
        if (instance.uefi().isPresent() && instance.uefi().get() != machine.uefi()) {
            found.add(
                    String.format(
                            Locale.ROOT,
                            "the recovered machine started by %s and this one has by %s: set the firmware to %s before it is to start from the written disks",
                            firmware(instance.uefi().get()),
                            firmware(machine.uefi()),
                            firmware(instance.uefi().get())));
        }
        return found;
    }

    private static String firmware(boolean uefi) {
        return uefi ? "UEFI" : "BIOS";
    }

    /// The last byte of the variable, behind four of attributes (UEFI 2.10 §3.3).
    private boolean secureBoot() {
        try {
            var bytes = Files.readAllBytes(root.resolve(SECURE_BOOT));
            return bytes.length > 0 && bytes[bytes.length - 1] == 1;
        } catch (IOException _) {
            return false;
        }
    }

    /// The third line of `adjtime_config(5)`.
    private boolean localClock() {
        try {
            var lines = Files.readAllLines(root.resolve("etc/adjtime"));
            return lines.size() > 2 && lines.get(2).strip().equals("LOCAL");
        } catch (IOException _) {
            return false;
        }
    }
}
