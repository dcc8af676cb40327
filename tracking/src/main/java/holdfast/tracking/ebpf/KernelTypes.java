package holdfast.tracking.ebpf;

import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// The running kernel's own description of its types (BTF), by which field offsets and op codes are
/// found instead of guessed.
///
/// Format: the kernel's `Documentation/bpf/btf.rst`. Immutable.
final class KernelTypes {
    private static final int MAGIC = 0xeb9f;
    private static final int SIZE_BYTES_MAX = 256 << 20;

    private static final int INT = 1;
    private static final int POINTER = 2;
    private static final int ARRAY = 3;
    private static final int STRUCT = 4;
    private static final int UNION = 5;
    private static final int ENUM = 6;
    private static final int TYPEDEF = 8;
    private static final int VOLATILE = 9;
    private static final int CONST = 10;
    private static final int RESTRICT = 11;
    private static final int FUNCTION_PROTOTYPE = 13;
    private static final int VARIABLE = 14;
    private static final int DATA_SECTION = 15;
    private static final int DECLARATION_TAG = 17;
    private static final int TYPE_TAG = 18;
    private static final int ENUM64 = 19;

    private final ByteBuffer bytes;
    private final int stringsAt;

    /// Position of each type's record; index 0 is `void`, which has none.
    private final int[] positions;

    private KernelTypes(ByteBuffer bytes, int stringsAt, int[] positions) {
        this.bytes = bytes;
        this.stringsAt = stringsAt;
        this.positions = positions;
    }

    static KernelTypes read(Path file) throws TrackerException {
        try {
            if (Files.size(file) > SIZE_BYTES_MAX) {
                throw new TrackerException(file + " is larger than any kernel's type information");
            }
            return parse(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "the kernel offers no type information at %s (CONFIG_DEBUG_INFO_BTF)",
                            file),
                    e);
        }
    }

    static KernelTypes parse(byte[] content) throws TrackerException {
        try {
            var bytes = ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
            if (Short.toUnsignedInt(bytes.getShort(0)) != MAGIC) {
                throw new TrackerException("the kernel's type information has a foreign magic");
            }
            var headerBytes = bytes.getInt(4);
            var typesAt = headerBytes + bytes.getInt(8);
            var typesEnd = typesAt + bytes.getInt(12);
            var positions = new int[1 << 16];
            var count = 1;
            for (var at = typesAt; at < typesEnd; at += recordBytes(bytes.getInt(at + 4))) {
                if (count == positions.length) {
                    positions = Arrays.copyOf(positions, 2 * count);
                }
                positions[count++] = at;
            }
            return new KernelTypes(
                    bytes, headerBytes + bytes.getInt(16), Arrays.copyOf(positions, count));
        } catch (IndexOutOfBoundsException e) {
            throw new TrackerException("the kernel's type information ends too early", e);
        }
    }

    private static int recordBytes(int info) {
        var members = info & 0xffff;
        return 12
                + switch (info >>> 24 & 0x1f) {
                    case INT, VARIABLE, DECLARATION_TAG -> 4;
                    case ARRAY -> 12;
                    case STRUCT, UNION, DATA_SECTION, ENUM64 -> 12 * members;
                    case ENUM, FUNCTION_PROTOTYPE -> 8 * members;
                    default -> 0; // kinds without a tail, known or yet to come
                };
    }

    /// Byte offset of a member, looking through anonymous structs and unions.
    ///
    /// @param path member, or members of embedded structs, joined by dots
    OptionalInt offset(String struct, String path) {
        var type = find(STRUCT, struct);
        var total = 0;
        for (var name : path.split("\\.", -1)) {
            var member = type.isPresent() ? member(type.getAsInt(), name) : null;
            if (member == null) {
                return OptionalInt.empty();
            }
            total += member.offsetBytes;
            type = OptionalInt.of(strip(member.type));
        }
        return OptionalInt.of(total);
    }

    /// Value of the enumerator of this name, in whatever enumeration it stands.
    OptionalInt enumerator(String name) {
        var wanted = name.getBytes(StandardCharsets.US_ASCII);
        for (var type = 1; type < positions.length; type++) {
            var kind = kind(type);
            if (kind != ENUM && kind != ENUM64) {
                continue;
            }
            var step = kind == ENUM ? 8 : 12;
            for (var i = 0; i < members(type); i++) {
                var at = positions[type] + 12 + step * i;
                if (isNamed(at, wanted)) {
                    return OptionalInt.of(bytes.getInt(at + 4));
                }
            }
        }
        return OptionalInt.empty();
    }

    /// Type of the function that a tracepoint calls, which a BTF-typed program attaches by.
    OptionalInt tracepoint(String name) {
        return find(TYPEDEF, "btf_trace_" + name);
    }

    /// Number of arguments that a tracepoint hands to programs.
    int tracepointArguments(int tracepoint) {
        return members(prototype(tracepoint)) - 1; // the first is the tracepoint's own
    }

    /// Index of the first argument of a tracepoint that points to this struct.
    OptionalInt tracepointArgument(int tracepoint, String struct) {
        var wanted = struct.getBytes(StandardCharsets.US_ASCII);
        var prototype = prototype(tracepoint);
        for (var i = 1; i < members(prototype); i++) {
            var type = strip(bytes.getInt(positions[prototype] + 12 + 8 * i + 4));
            if (kind(type) == POINTER) {
                var pointee = strip(reference(type));
                if (kind(pointee) == STRUCT && isNamed(positions[pointee], wanted)) {
                    return OptionalInt.of(i - 1);
                }
            }
        }
        return OptionalInt.empty();
    }

    private int prototype(int tracepoint) {
        return strip(reference(strip(tracepoint)));
    }

    private record Member(int offsetBytes, int type) {}

    private @Nullable Member member(int type, String name) {
        var wanted = name.getBytes(StandardCharsets.US_ASCII);
        var bitfields = bytes.getInt(positions[type] + 4) < 0;
        for (var i = 0; i < members(type); i++) {
            var at = positions[type] + 12 + 12 * i;
            var offset = bytes.getInt(at + 8);
            var offsetBytes = (bitfields ? offset & 0xffffff : offset) / Byte.SIZE;
            var memberType = bytes.getInt(at + 4);
            if (isNamed(at, wanted)) {
                return new Member(offsetBytes, memberType);
            }
            var inner = strip(memberType);
            if (isNamed(at, new byte[0]) && (kind(inner) == STRUCT || kind(inner) == UNION)) {
                var found = member(inner, name);
                if (found != null) {
                    return new Member(offsetBytes + found.offsetBytes, found.type);
                }
            }
        }
        return null;
    }

    private OptionalInt find(int kind, String name) {
        var wanted = name.getBytes(StandardCharsets.US_ASCII);
        for (var type = 1; type < positions.length; type++) {
            if (kind(type) == kind && isNamed(positions[type], wanted)) {
                return OptionalInt.of(type);
            }
        }
        return OptionalInt.empty();
    }

    private int strip(int type) {
        var stripped = type;
        while (true) {
            switch (kind(stripped)) {
                case TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG -> stripped = reference(stripped);
                default -> {
                    return stripped;
                }
            }
        }
    }

    private int kind(int type) {
        return type == 0 ? 0 : bytes.getInt(positions[type] + 4) >>> 24 & 0x1f;
    }

    private int members(int type) {
        return bytes.getInt(positions[type] + 4) & 0xffff;
    }

    private int reference(int type) {
        return bytes.getInt(positions[type] + 8);
    }

    /// Whether the record at this position, which begins with its name's offset, has this name.
    private boolean isNamed(int at, byte[] name) {
        var start = stringsAt + bytes.getInt(at);
        for (var i = 0; i < name.length; i++) {
            if (bytes.get(start + i) != name[i]) {
                return false;
            }
        }
        return bytes.get(start + name.length) == 0;
    }
}
