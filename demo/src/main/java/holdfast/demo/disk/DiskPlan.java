package holdfast.demo.disk;

import holdfast.images.EfiPartition;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;

/// What a disk shall be. Two disks made from equal plans and equal packages are equal byte for
/// byte.
///
/// Its root file system (ext4 with a journal) begins at [#ROOT_OFFSET_BYTES] whatever the firmware,
/// so that a loop device with that offset mounts it; `/data` in it is empty and for the user.
///
/// @param sizeBytes of the whole disk, in whole MiB, at least [#SIZE_BYTES_MIN]
/// @param firmware that shall boot it
/// @param hostName its name on the login prompt: `<hostName> login:`
public record DiskPlan(long sizeBytes, Firmware firmware, String hostName) {
    /// Where the root file system begins.
    public static final long ROOT_OFFSET_BYTES = 1 << 20;

    /// Room for kernel, user land, journal and a little data.
    public static final long SIZE_BYTES_MIN = 128L << 20;

    /// What the demo uses: 1 GiB, of which some 60 MiB are allocated.
    public static final long SIZE_BYTES_DEFAULT = 1L << 30;

    /// The root file system's UUID: fixed, because equal plans make equal disks.
    public static final UUID ROOT_UUID = UUID.fromString("686f6c64-6661-4574-8000-000000000001");

    private static final long MIB = 1 << 20;
    private static final Pattern HOST_NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    public DiskPlan {
        if (sizeBytes < SIZE_BYTES_MIN || sizeBytes % MIB != 0) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "disk of %d bytes: give whole MiB, at least %d",
                            sizeBytes,
                            SIZE_BYTES_MIN));
        }
        if (!HOST_NAME.matcher(hostName).matches()) {
            throw new IllegalArgumentException("not a host name: " + hostName);
        }
    }

    /// The demo's disk: 1 GiB, named `holdfast-demo`.
    public static DiskPlan of(Firmware firmware) {
        return new DiskPlan(SIZE_BYTES_DEFAULT, firmware, "holdfast-demo");
    }

    /// Bytes after the root file system: one MiB for GPT's second copy, and the EFI system
    /// partition before it.
    long tailBytes() {
        return switch (firmware) {
            case BIOS -> 0;
            case UEFI -> EfiPartition.SIZE_BYTES + MIB;
        };
    }

    long rootBytes() {
        return sizeBytes - ROOT_OFFSET_BYTES - tailBytes();
    }
}
