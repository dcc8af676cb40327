package holdfast.images;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Writes the archive that the Linux kernel unpacks as its first root: cpio in the "newc" form
/// (Linux `Documentation/driver-api/early-userspace/buffer-format.rst`).
///
/// Each entry is a 110-byte header of ASCII hex, the name with a NUL, padding to 4 bytes, the data,
/// padding to 4 bytes. All entries belong to root and are dated 1970. Used by one thread; the
/// stream is the caller's.
public final class CpioArchive {
    private static final int DIRECTORY = 0040755;
    private static final int PROGRAM = 0100755;
    private static final int LINK = 0120777;
    private static final int HEADER_BYTES = 110;

    private final OutputStream out;
    private int inode;

    public CpioArchive(OutputStream out) {
        this.out = out;
    }

    public void directory(String name) throws IOException {
        entry(name, DIRECTORY, new byte[0]);
    }

    public void file(String name, byte[] content) throws IOException {
        entry(name, PROGRAM, content);
    }

    public void link(String name, String target) throws IOException {
        entry(name, LINK, target.getBytes(StandardCharsets.UTF_8));
    }

    /// Ends the archive; nothing may be added after it.
    public void finish() throws IOException {
        entry("TRAILER!!!", 0, new byte[0]);
        out.flush();
    }

    private void entry(String name, int mode, byte[] content) throws IOException {
        inode++;
        var nameBytes = (name + '\0').getBytes(StandardCharsets.UTF_8);
        var header =
                String.format(
                        Locale.ROOT,
                        "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                        inode, // identity of hard links; ours have none
                        mode,
                        0, // owner
                        0, // group
                        1, // links
                        0, // modified
                        content.length,
                        0, // device, major
                        0, // device, minor
                        0, // special file, major
                        0, // special file, minor
                        nameBytes.length,
                        0); // checksum, unused in this form
        out.write(header.getBytes(StandardCharsets.US_ASCII));
        out.write(nameBytes);
        pad(HEADER_BYTES + nameBytes.length);
        out.write(content);
        pad(content.length);
    }

    private void pad(int written) throws IOException {
        out.write(new byte[-written & 3]);
    }
}
