package holdfast.tracking.ebpf;

import static holdfast.tracking.ebpf.Assembler.Register.FRAME;
import static holdfast.tracking.ebpf.Assembler.Register.R0;
import static holdfast.tracking.ebpf.Assembler.Register.R1;
import static holdfast.tracking.ebpf.Assembler.Register.R2;
import static holdfast.tracking.ebpf.Assembler.Register.R9;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Encodings worked out by hand from the kernel's instruction set document, little-endian.
class AssemblerTest {
    @BeforeEach
    void littleEndian() {
        assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "bytes are little-endian");
    }

    @Test
    void arithmetic() {
        assertThat(hex(new Assembler().move(R1, R9))).isEqualTo("bf91000000000000");
        assertThat(hex(new Assembler().move(R2, -1))).isEqualTo("b7020000ffffffff");
        assertThat(hex(new Assembler().moveWide(R1, 0x1122334455667788L)))
                .isEqualTo("18010000887766550000000044332211");
        assertThat(hex(new Assembler().apply(Assembler.Operation.ADD, R1, R2)))
                .isEqualTo("0f21000000000000");
        assertThat(hex(new Assembler().apply(Assembler.Operation.SHIFT_RIGHT, R9, 12)))
                .isEqualTo("770900000c000000");
    }

    @Test
    void memory() {
        assertThat(hex(new Assembler().load(Assembler.Width.WORD, R1, R2, 8)))
                .isEqualTo("6121080000000000");
        assertThat(hex(new Assembler().store(Assembler.Width.DOUBLE, FRAME, -16, R1)))
                .isEqualTo("7b1af0ff00000000");
        assertThat(hex(new Assembler().atomicOr(R0, 0, R1))).isEqualTo("db10000040000000");
        assertThat(hex(new Assembler().fetchAdd(R1, 8, R2))).isEqualTo("db21080001000000");
    }

    @Test
    void jumpsCountFromTheNextInstruction() {
        var back = new Assembler.Label();
        var forward = new Assembler.Label();
        var code =
                new Assembler()
                        .bind(back)
                        .jumpIf(Assembler.Condition.EQUAL, R1, 7, forward)
                        .jump(back)
                        .bind(forward)
                        .exit();
        assertThat(hex(code)).isEqualTo("15010100070000000500feff000000009500000000000000");
    }

    @Test
    void aJumpToNowhereIsRefused() {
        var code = new Assembler().jump(new Assembler.Label());
        assertThatThrownBy(code::assemble).hasMessageContaining("never bound");
    }

    private static String hex(Assembler code) {
        return HexFormat.of().formatHex(code.assemble());
    }
}
