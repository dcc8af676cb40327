package holdfast.tracking.ebpf;

import holdfast.base.linux.LinuxFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes eBPF instructions: 64-bit arithmetic, loads and stores, atomics, calls, jumps to labels.
///
/// Encoding after the kernel's `Documentation/bpf/standardization/instruction-set.rst`: eight bytes
/// an instruction, `op:8 dst:4 src:4 offset:16 immediate:32`, in the machine's byte order.
final class Assembler {
    /// R0 results, R1-R5 arguments and lost in calls, R6-R9 kept across calls.
    enum Register {
        R0(0),
        R1(1),
        R2(2),
        R3(3),
        R4(4),
        R5(5),
        R6(6),
        R7(7),
        R8(8),
        R9(9),
        /// Read-only; the stack lies below it.
        FRAME(10);

        private final int number;

        Register(int number) {
            this.number = number;
        }
    }

    /// Width of a load or store.
    enum Width {
        WORD(0x00, 4),
        DOUBLE(0x18, 8);

        private final int code;
        final int bytes;

        Width(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }
    }

    /// What [#apply] does to its first operand; all unsigned.
    enum Operation {
        ADD(0x00),
        SUBTRACT(0x10),
        MULTIPLY(0x20),
        OR(0x40),
        AND(0x50),
        SHIFT_LEFT(0x60),
        SHIFT_RIGHT(0x70);

        private final int code;

        Operation(int code) {
            this.code = code;
        }
    }

    /// When [#jumpIf] jumps; all unsigned.
    enum Condition {
        EQUAL(0x10),
        ABOVE(0x20),
        AT_LEAST(0x30),
        NOT_EQUAL(0x50),
        BELOW(0xa0),
        AT_MOST(0xb0);

        private final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    /// The kernel's helper functions that we call (`enum bpf_func_id`).
    enum Helper {
        MAP_LOOKUP_ELEMENT(1),
        KTIME_GET_NS(5),
        GET_SMP_PROCESSOR_ID(8),
        PROBE_READ_KERNEL(113);

        private final int id;

        Helper(int id) {
            this.id = id;
        }
    }

    /// A place in the program. Made before or after it is jumped to; bound once.
    static final class Label {
        private int position = -1;
    }

    private static final int ATOMIC_DOUBLE = 0xdb;
    private static final int ATOMIC_ADD = 0x00;
    private static final int ATOMIC_OR = 0x40;
    private static final int ATOMIC_FETCH_ADD = 0x01;
    private static final int PSEUDO_MAP = 1;
    private static final int PSEUDO_MAP_VALUE = 2;

    private final List<Instruction> instructions = new ArrayList<>();

    private record Instruction(
            int code, int target, int source, int offset, int immediate, @Nullable Label label) {}

    Assembler move(Register target, Register source) {
        return add(0xbf, target, source, 0, 0);
    }

    /// @param value sign-extended to 64 bits
    Assembler move(Register target, int value) {
        return add(0xb7, target, Register.R0, 0, value);
    }

    Assembler moveWide(Register target, long value) {
        return wide(target, 0, (int) value, (int) (value >>> 32));
    }

    /// The map itself, as helpers take it.
    Assembler moveMap(Register target, LinuxFile map) {
        return wide(target, PSEUDO_MAP, map.descriptor(), 0);
    }

    /// Address of a byte of the only element of an array map.
    Assembler moveMapValue(Register target, LinuxFile map, int offset) {
        return wide(target, PSEUDO_MAP_VALUE, map.descriptor(), offset);
    }

    Assembler apply(Operation operation, Register target, Register source) {
        return add(0x0f | operation.code, target, source, 0, 0);
    }

    Assembler apply(Operation operation, Register target, int value) {
        return add(0x07 | operation.code, target, Register.R0, 0, value);
    }

    Assembler load(Width width, Register target, Register base, int offset) {
        return add(0x61 | width.code, target, base, offset, 0);
    }

    Assembler store(Width width, Register base, int offset, Register source) {
        return add(0x63 | width.code, base, source, offset, 0);
    }

    Assembler atomicAdd(Register base, int offset, Register source) {
        return add(ATOMIC_DOUBLE, base, source, offset, ATOMIC_ADD);
    }

    Assembler atomicOr(Register base, int offset, Register source) {
        return add(ATOMIC_DOUBLE, base, source, offset, ATOMIC_OR);
    }

    /// Adds with full ordering of everything before and after; `source` becomes the old value.
    Assembler fetchAdd(Register base, int offset, Register source) {
        return add(ATOMIC_DOUBLE, base, source, offset, ATOMIC_FETCH_ADD);
    }

    Assembler call(Helper helper) {
        return add(0x85, Register.R0, Register.R0, 0, helper.id);
    }

    Assembler exit() {
        return add(0x95, Register.R0, Register.R0, 0, 0);
    }

    Assembler jump(Label to) {
        return add(0x05, Register.R0, Register.R0, 0, to);
    }

    Assembler jumpIf(Condition condition, Register left, Register right, Label to) {
        return add(0x0d | condition.code, left, right, 0, to);
    }

    /// @param right sign-extended to 64 bits
    Assembler jumpIf(Condition condition, Register left, int right, Label to) {
        return add(0x05 | condition.code, left, Register.R0, right, to);
    }

    /// Binds the label to the next instruction.
    Assembler bind(Label label) {
        if (label.position >= 0) {
            throw new IllegalStateException("a label has one place");
        }
        label.position = instructions.size();
        return this;
    }

    /// The program's bytes, ready to load.
    ///
    /// @throws IllegalStateException if a label that is jumped to was never bound
    byte[] assemble() {
        var out =
                ByteBuffer.allocate(instructions.size() * Long.BYTES)
                        .order(ByteOrder.nativeOrder());
        var littleEndian = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        for (var at = 0; at < instructions.size(); at++) {
            var instruction = instructions.get(at);
            var low = littleEndian ? instruction.target : instruction.source;
            var high = littleEndian ? instruction.source : instruction.target;
            out.put((byte) instruction.code)
                    .put((byte) (low | high << 4))
                    .putShort(offset(at, instruction))
                    .putInt(instruction.immediate);
        }
        return out.array();
    }

    private static short offset(int at, Instruction instruction) {
        var offset = instruction.offset;
        if (instruction.label != null) {
            if (instruction.label.position < 0) {
                throw new IllegalStateException("jump to a label that was never bound");
            }
            offset = instruction.label.position - at - 1;
        }
        if (offset != (short) offset) {
            throw new IllegalStateException("offset out of range: " + offset);
        }
        return (short) offset;
    }

    private Assembler wide(Register target, int source, int low, int high) {
        instructions.add(new Instruction(0x18, target.number, source, 0, low, null));
        instructions.add(new Instruction(0, 0, 0, 0, high, null));
        return this;
    }

    private Assembler add(int code, Register target, Register source, int offset, int immediate) {
        instructions.add(
                new Instruction(code, target.number, source.number, offset, immediate, null));
        return this;
    }

    private Assembler add(int code, Register left, Register right, int immediate, Label to) {
        instructions.add(new Instruction(code, left.number, right.number, 0, immediate, to));
        return this;
    }
}
