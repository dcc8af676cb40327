package holdfast.recovery;

import java.nio.file.Path;
import java.util.List;

/// A machine to launch.
///
/// @param id of the recovery instance
/// @param name for people: the source's host name
/// @param cpuCount processors to give it; the host may give fewer and says so
/// @param memoryBytes RAM to give it
/// @param uefi whether its firmware is UEFI; otherwise a BIOS
/// @param disks in boot order
/// @param cards network cards; without one it has no network
public record MachineSpec(
        String id,
        String name,
        int cpuCount,
        long memoryBytes,
        boolean uefi,
        List<Disk> disks,
        List<Card> cards) {
    public MachineSpec {
        disks = List.copyOf(disks);
        cards = List.copyOf(cards);
    }

    /// A machine without a network.
    public MachineSpec(
            String id,
            String name,
            int cpuCount,
            long memoryBytes,
            boolean uefi,
            List<Disk> disks) {
        this(id, name, cpuCount, memoryBytes, uefi, disks, List.of());
    }

    /// A disk, reached over NBD on a Unix socket of this host.
    ///
    /// @param socket of the NBD server
    /// @param export its name there
    /// @param serial that the guest sees, at most 20 characters
    public record Disk(Path socket, String export, String serial) {}

    /// A network card.
    ///
    /// @param network of a [NetworkHost] on the same host
    /// @param hardwareAddress that the guest sees, such as `52:54:00:12:34:56`
    public record Card(String network, String hardwareAddress) {
        public Card {
            NetworkSpec.requireHardwareAddress(hardwareAddress);
        }
    }
}
