package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The smallest machine that boots: a sector that asks for a login on the first serial port, and
/// halts. So that a recovery takes seconds, and shows what was on its disk.
final class BootSector {
    static final int DISK_BYTES = 1 << 20;

    private static final int BYTES = 512;
    private static final short LOADED_AT = 0x7c00;
    private static final int CODE_BYTES = 31;

    private BootSector() {}

    /// Writes it to a disk, durably.
    ///
    /// @param word what the machine says before `login:`, without a space
    static void write(Path disk, String word) throws IOException {
        try (var file =
                FileChannel.open(disk, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(of(word), 0);
            if (file.size() < DISK_BYTES) {
                file.write(ByteBuffer.allocate(1), DISK_BYTES - 1L);
            }
            file.force(true);
        }
    }

    private static ByteBuffer of(String word) {
        var code = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        put(code, 0x31, 0xc0); //              xor ax, ax
        put(code, 0x8e, 0xd8); //              mov ds, ax
        put(code, 0xbe); //                    mov si, text
        code.putShort((short) (LOADED_AT + CODE_BYTES));
        put(code, 0xac); //              next: lodsb
        put(code, 0x84, 0xc0); //              test al, al
        put(code, 0x74, 0x10); //              jz halt
        put(code, 0x50); //                    push ax
        put(code, 0xba, 0xfd, 0x03); //        mov dx, 0x3fd
        put(code, 0xec); //              wait: in al, dx
        put(code, 0xa8, 0x20); //              test al, 0x20   ; ready for the next byte
        put(code, 0x74, 0xfb); //              jz wait
        put(code, 0x58); //                    pop ax
        put(code, 0xba, 0xf8, 0x03); //        mov dx, 0x3f8
        put(code, 0xee); //                    out dx, al
        put(code, 0xeb, 0xeb); //              jmp next
        put(code, 0xf4); //              halt: hlt
        put(code, 0xeb, 0xfd); //              jmp halt
        assertThat(code.position()).isEqualTo(CODE_BYTES);
        code.put(("\r\n" + word + " login: \0").getBytes(StandardCharsets.US_ASCII));
        return code.putShort(BYTES - Short.BYTES, (short) 0xaa55).rewind();
    }

    private static void put(ByteBuffer code, int... bytes) {
        for (var one : bytes) {
            code.put((byte) one);
        }
    }
}
