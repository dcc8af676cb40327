package holdfast.demo.disk;

/// What starts a machine, and with it how its disk must be laid out.
public enum Firmware {
    /// MBR partition table, GRUB in the sectors before the first partition.
    BIOS,
    /// GPT, GRUB as a file on an EFI system partition at the end of the disk.
    UEFI
}
