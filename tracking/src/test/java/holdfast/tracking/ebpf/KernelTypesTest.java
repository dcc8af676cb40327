package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class KernelTypesTest {
    private static final Path RUNNING = Path.of("/sys/kernel/btf/vmlinux");

    @Test
    void offsetsAreFoundThroughEmbeddedAndAnonymousStructs() throws IOException {
        var types = KernelTypes.parse(sample());
        assertThat(types.offset("outer", "plain")).hasValue(8);
        assertThat(types.offset("outer", "inner.second")).hasValue(16 + 4);
        assertThat(types.offset("outer", "hidden")).hasValue(32 + 4);
        assertThat(types.offset("outer", "absent")).isEmpty();
        assertThat(types.offset("missing", "plain")).isEmpty();
    }

    @Test
    void enumeratorsAreFoundByName() throws IOException {
        assertThat(KernelTypes.parse(sample()).enumerator("OP_B")).hasValue(9);
        assertThat(KernelTypes.parse(sample()).enumerator("OP")).isEmpty();
    }

    @Test
    void foreignAndTruncatedFilesAreRefused() {
        assertThatThrownBy(() -> KernelTypes.parse(new byte[64])).hasMessageContaining("magic");
        var sample = sample();
        for (var length = 0; length < sample.length - 40; length += 3) {
            var cut = Arrays.copyOf(sample, length);
            assertThatThrownBy(() -> KernelTypes.parse(cut).enumerator("OP_Z"))
                    .isInstanceOfAny(TrackerException.class, IndexOutOfBoundsException.class);
        }
    }

    @Test
    void theRunningKernelDescribesWhatTheProgramsRead() throws IOException {
        assumeTrue(Files.isReadable(RUNNING), "this kernel has no type information");
        var layout = KernelLayout.of(KernelTypes.read(RUNNING));
        assertThat(layout.operationMask()).isEqualTo(0xff);
        assertThat(layout.discard() % 2).as("discards change data").isOne();
        assertThat(layout.complete().arguments()).isGreaterThanOrEqualTo(3);
        assertThat(layout.requestToDisk()).isNotEmpty();
    }

    /// Header, four types, strings; as `Documentation/bpf/btf.rst` lays them out.
    private static byte[] sample() {
        var strings = "\0outer\0plain\0inner\0hidden\0second\0in\0OP_A\0OP_B\0ops\0u32\0";
        var types = ByteBuffer.allocate(1024).order(ByteOrder.nativeOrder());
        // 1: int u32
        record(types, strings, "u32", 1, 0, 4).putInt(32);
        // 2: struct in { u32 first (unnamed here: plain); u32 second }
        record(types, strings, "in", 4, 2, 8);
        member(types, strings, "plain", 1, 0);
        member(types, strings, "second", 1, 32);
        // 3: union (anonymous) { struct in; u32 hidden at 4 }
        record(types, strings, "", 5, 1, 8);
        member(types, strings, "hidden", 1, 32);
        // 4: struct outer
        record(types, strings, "outer", 4, 3, 40);
        member(types, strings, "plain", 1, 64);
        member(types, strings, "inner", 2, 128);
        member(types, strings, "", 3, 256);
        // 5: enum ops { OP_A = 3, OP_B = 9 }
        record(types, strings, "ops", 6, 2, 4);
        types.putInt(at(strings, "OP_A")).putInt(3).putInt(at(strings, "OP_B")).putInt(9);
        types.flip();
        var out = ByteBuffer.allocate(24 + types.limit() + strings.length());
        out.order(ByteOrder.nativeOrder());
        out.putShort((short) 0xeb9f).put((byte) 1).put((byte) 0).putInt(24);
        out.putInt(0).putInt(types.limit()).putInt(types.limit()).putInt(strings.length());
        return out.put(types).put(strings.getBytes(StandardCharsets.US_ASCII)).array();
    }

    private static ByteBuffer record(
            ByteBuffer out, String strings, String name, int kind, int members, int size) {
        return out.putInt(at(strings, name)).putInt(kind << 24 | members).putInt(size);
    }

    private static void member(
            ByteBuffer out, String strings, String name, int type, int offsetBits) {
        out.putInt(at(strings, name)).putInt(type).putInt(offsetBits);
    }

    private static int at(String strings, String name) {
        return strings.indexOf("\0" + name + "\0") + (name.isEmpty() ? 0 : 1);
    }
}
