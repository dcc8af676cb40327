package holdfast.demo.disk;

import holdfast.images.EfiPartition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32;

/// Writes the partition tables of our two layouts: MBR with the root file system for a BIOS; GPT
/// with the root file system and the EFI system partition behind it for UEFI (UEFI 2.10, chapter
/// 5).
///
/// Our own, because `sfdisk` ends with sync(2), which waits for every file system of the machine:
/// slow under load, and for ever while any of them is frozen.
final class PartitionTable {
    private static final int SECTOR_BYTES = 512;
    private static final int SIGNATURE_OFFSET = 440;
    private static final int SIGNATURE = 0x686f6c64;
    private static final byte LINUX = (byte) 0x83;
    private static final byte PROTECTIVE = (byte) 0xee;

    /// What cylinder, head and sector hold where a disk is too large for them.
    private static final byte[] BEYOND_CYLINDERS = {(byte) 0xfe, (byte) 0xff, (byte) 0xff};

    private static final int GPT_ENTRIES = 128;
    private static final int GPT_ENTRY_BYTES = 128;
    private static final int GPT_HEADER_BYTES = 92;
    private static final int GPT_TABLE_SECTORS = GPT_ENTRIES * GPT_ENTRY_BYTES / SECTOR_BYTES;
    private static final UUID LINUX_DATA = UUID.fromString("0fc63daf-8483-4772-8e79-3d69d8477de4");
    private static final UUID EFI_SYSTEM = UUID.fromString("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");

    /// Fixed, because equal plans make equal disks.
    private static final UUID DISK = UUID.fromString("686f6c64-6661-4574-8000-000000000002");

    private static final UUID ROOT = UUID.fromString("686f6c64-6661-4574-8000-000000000003");
    private static final UUID EFI = UUID.fromString("686f6c64-6661-4574-8000-000000000004");

    private PartitionTable() {}

    static void write(DiskPlan plan, Path image) throws IOException {
        var rootStart = DiskPlan.ROOT_OFFSET_BYTES / SECTOR_BYTES;
        var rootSize = plan.rootBytes() / SECTOR_BYTES;
        switch (plan.firmware()) {
            case BIOS -> writeMbr(image, LINUX, true, rootStart, rootSize);
            case UEFI -> {
                var sectors = plan.sizeBytes() / SECTOR_BYTES;
                writeMbr(image, PROTECTIVE, false, 1, sectors - 1);
                writeGpt(plan, image, sectors - 1);
            }
        }
    }

    /// The part of the first sector behind the boot code, which GRUB writes.
    private static void writeMbr(Path image, byte type, boolean bootable, long start, long size)
            throws IOException {
        var mbr = littleEndian(SECTOR_BYTES - SIGNATURE_OFFSET);
        mbr.putInt(SIGNATURE).putShort((short) 0);
        mbr.put((byte) (bootable ? 0x80 : 0));
        mbr.put(BEYOND_CYLINDERS).put(type).put(BEYOND_CYLINDERS);
        mbr.putInt(Math.toIntExact(start)).putInt((int) Math.min(size, 0xffff_ffffL));
        mbr.putShort(mbr.capacity() - Short.BYTES, (short) 0xaa55);
        Sectors.write(image, mbr.rewind(), SIGNATURE_OFFSET);
    }

    private static void writeGpt(DiskPlan plan, Path image, long last) throws IOException {
        var rootStart = DiskPlan.ROOT_OFFSET_BYTES / SECTOR_BYTES;
        var efiStart = rootStart + plan.rootBytes() / SECTOR_BYTES;
        var efiEnd = efiStart + EfiPartition.SIZE_BYTES / SECTOR_BYTES;
        var table = littleEndian(GPT_ENTRIES * GPT_ENTRY_BYTES);
        putEntry(table, LINUX_DATA, ROOT, rootStart, efiStart - 1, "root");
        putEntry(table, EFI_SYSTEM, EFI, efiStart, efiEnd - 1, "EFI");
        table.rewind();

        var copy = last - GPT_TABLE_SECTORS;
        Sectors.write(image, gptHeader(1, last, 2, table, last), SECTOR_BYTES);
        Sectors.write(image, table.duplicate(), 2L * SECTOR_BYTES);
        Sectors.write(image, table.duplicate(), copy * SECTOR_BYTES);
        Sectors.write(image, gptHeader(last, 1, copy, table, last), last * SECTOR_BYTES);
    }

    private static void putEntry(
            ByteBuffer table, UUID type, UUID identity, long first, long last, String name) {
        var end = table.position() + GPT_ENTRY_BYTES;
        putGuid(table, type);
        putGuid(table, identity);
        table.putLong(first).putLong(last).putLong(0); // no attributes
        table.put(name.getBytes(StandardCharsets.UTF_16LE));
        table.position(end);
    }

    private static ByteBuffer gptHeader(
            long at, long other, long tableAt, ByteBuffer table, long last) {
        var header = littleEndian(SECTOR_BYTES);
        header.put("EFI PART".getBytes(StandardCharsets.US_ASCII));
        header.putInt(0x0001_0000).putInt(GPT_HEADER_BYTES);
        var checksumAt = header.position();
        header.putInt(0).putInt(0);
        header.putLong(at).putLong(other);
        header.putLong(2 + GPT_TABLE_SECTORS).putLong(last - GPT_TABLE_SECTORS - 1); // usable
        putGuid(header, DISK);
        header.putLong(tableAt).putInt(GPT_ENTRIES).putInt(GPT_ENTRY_BYTES);
        header.putInt(crc32(table.duplicate()));
        header.putInt(checksumAt, crc32(header.duplicate().flip()));
        return header.rewind();
    }

    /// The first three fields of a GUID are little-endian, the rest is not.
    private static void putGuid(ByteBuffer out, UUID guid) {
        var high = guid.getMostSignificantBits();
        out.putInt((int) (high >>> 32)).putShort((short) (high >>> 16)).putShort((short) high);
        out.putLong(Long.reverseBytes(guid.getLeastSignificantBits()));
    }

    private static int crc32(ByteBuffer bytes) {
        var checksum = new CRC32();
        checksum.update(bytes);
        return (int) checksum.getValue();
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
