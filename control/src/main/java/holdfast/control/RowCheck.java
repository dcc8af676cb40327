package holdfast.control;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The check of a row: CRC-32C over the table's name and each value with its type and length, so
/// that no two rows encode alike.
///
/// ```
/// u16 length, table's name, then of each value
/// u8 0                      null
/// u8 1, i64                 number
/// u8 2, u32 length, UTF-8   text
/// u8 3                      what only damage brings back
/// ```
final class RowCheck {
    private static final int NULL = 0;
    private static final int NUMBER = 1;
    private static final int TEXT = 2;

    /// It must not pass for what was written: no row of ours encodes as this.
    private static final int DAMAGE = 3;

    private final CRC32C crc = new CRC32C();
    private final byte[] head = new byte[1 + Long.BYTES];

    private RowCheck() {}

    static long of(String table, List<@Nullable Object> values) {
        var check = new RowCheck();
        var name = table.getBytes(StandardCharsets.UTF_8);
        check.number(name.length, Short.BYTES);
        check.crc.update(name);
        values.forEach(check::add);
        return check.crc.getValue();
    }

    private void add(@Nullable Object value) {
        switch (value) {
            case null -> type(NULL, 0, 0);
            case Long number -> type(NUMBER, number, Long.BYTES);
            case String text -> {
                var encoded = text.getBytes(StandardCharsets.UTF_8);
                type(TEXT, encoded.length, Integer.BYTES);
                crc.update(encoded);
            }
            case Object _ -> type(DAMAGE, 0, 0);
        }
    }

    private void type(int type, long number, int size) {
        head[0] = (byte) type;
        put(1, number, size);
        crc.update(head, 0, 1 + size);
    }

    private void number(long number, int size) {
        put(0, number, size);
        crc.update(head, 0, size);
    }

    /// Big-endian.
    private void put(int at, long number, int size) {
        for (var i = 0; i < size; i++) {
            head[at + i] = (byte) (number >>> (Byte.SIZE * (size - 1 - i)));
        }
    }
}
