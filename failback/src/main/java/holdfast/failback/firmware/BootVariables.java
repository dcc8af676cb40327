package holdfast.failback.firmware;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/// The firmware's list of what to start, in its variables `Boot0000` and so on and their order,
/// `BootOrder` (UEFI 2.10 §3.1, §3.3), as Linux shows them in a folder: four bytes of attributes
/// before each value.
///
/// @param folder `/sys/firmware/efi/efivars`
record BootVariables(Path folder) {
    private static final String GLOBAL = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    private static final String ORDER = "BootOrder" + GLOBAL;
    private static final Pattern ENTRY = Pattern.compile("Boot[0-9A-Fa-f]{4}" + GLOBAL);
    private static final int ATTRIBUTE_BYTES = 4;
    private static final int ENTRIES_MAX = 0x10000;

    /// Kept without power, to be seen by boot loaders and by systems.
    private static final int ATTRIBUTES = 7;

    private static final int ACTIVE = 1;

    /// Device path nodes (UEFI 2.10 §10.3): of a partition, a file, and the end.
    private static final int MEDIA = 4;

    private static final int PARTITION = 1;
    private static final int PARTITION_BYTES = 42;
    private static final int GUID_AT = 24;
    private static final int FILE = 4;
    private static final int NODE_BYTES = 4;
    private static final byte[] END = {0x7f, (byte) 0xff, 4, 0};
    private static final byte GPT = 2;
    private static final byte BY_GUID = 2;

    /// Whether the firmware was asked to start from that partition, by an entry that is in use.
    boolean know(EfiSystemPartition partition) throws IOException {
        try (var files = Files.newDirectoryStream(folder)) {
            for (var file : files) {
                if (ENTRY.matcher(file.getFileName().toString()).matches()
                        && names(value(file), partition)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean names(ByteBuffer entry, EfiSystemPartition partition) {
        if (entry.limit() < 8 || (entry.getInt(0) & ACTIVE) == 0) {
            return false;
        }
        var at = 6;
        while (at + 2 <= entry.limit() && entry.getChar(at) != 0) {
            at += 2;
        }
        at += 2; // behind the description
        var end = Math.min(entry.limit(), at + (entry.getShort(4) & 0xffff));
        while (at + NODE_BYTES <= end) {
            var length = entry.getShort(at + 2) & 0xffff;
            if (length < NODE_BYTES || at + length > end) {
                return false;
            }
            if (entry.get(at) == MEDIA
                    && entry.get(at + 1) == PARTITION
                    && length == PARTITION_BYTES
                    && entry.get(at + 41) == BY_GUID
                    && guid(entry, at + GUID_AT).equals(partition.guid())) {
                return true;
            }
            at += length;
        }
        return false;
    }

    private static String guid(ByteBuffer entry, int at) {
        var bytes = new byte[16];
        entry.get(at, bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /// Adds an entry, which the firmware tries before all others.
    void add(EfiSystemPartition partition, BootLoader loader) throws IOException {
        var number = 0;
        while (Files.exists(entry(number))) {
            number++;
            if (number == ENTRIES_MAX) {
                throw new IOException("no number is left for another entry");
            }
        }
        write(entry(number), value(partition, loader));
        var order = value(folder.resolve(ORDER));
        var changed = buffer(2 + order.remaining()).putShort((short) number).put(order);
        write(folder.resolve(ORDER), bytes(changed));
    }

    private Path entry(int number) {
        return folder.resolve(String.format(Locale.ROOT, "Boot%04X%s", number, GLOBAL));
    }

    private static byte[] value(EfiSystemPartition partition, BootLoader loader) {
        var name = (loader.vendor() + "\0").getBytes(StandardCharsets.UTF_16LE);
        var path = (loader.path() + "\0").getBytes(StandardCharsets.UTF_16LE);
        var pathBytes = PARTITION_BYTES + NODE_BYTES + path.length + END.length;
        var value = buffer(6 + name.length + pathBytes);
        value.putInt(ACTIVE).putShort((short) pathBytes).put(name);
        value.put((byte) MEDIA).put((byte) PARTITION).putShort((short) PARTITION_BYTES);
        value.putInt(partition.number());
        value.putLong(partition.firstBlock()).putLong(partition.blockCount());
        value.put(HexFormat.of().parseHex(partition.guid())).put(GPT).put(BY_GUID);
        value.put((byte) MEDIA).put((byte) FILE).putShort((short) (NODE_BYTES + path.length));
        value.put(path).put(END);
        return bytes(value);
    }

    /// Without the attributes; empty if there is no such variable.
    private static ByteBuffer value(Path file) throws IOException {
        try {
            var bytes = Files.readAllBytes(file);
            var from = Math.min(ATTRIBUTE_BYTES, bytes.length);
            return ByteBuffer.wrap(bytes, from, bytes.length - from)
                    .slice()
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (NoSuchFileException _) {
            return buffer(0);
        }
    }

    /// In one call, as the kernel demands: attributes and value, which replace what was there.
    private static void write(Path file, byte[] value) throws IOException {
        var whole = buffer(ATTRIBUTE_BYTES + value.length).putInt(ATTRIBUTES).put(value);
        try (var channel =
                Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(whole.flip());
        }
    }

    /// What was put into it.
    private static byte[] bytes(ByteBuffer filled) {
        var bytes = new byte[filled.position()];
        filled.get(0, bytes);
        return bytes;
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
