package holdfast.recovery;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/// Turns the picture that every QEMU can take (PPM, netpbm's `P6`) into PNG, which every browser
/// shows (W3C PNG, third edition). QEMU itself writes PNG only in some builds.
final class Screenshot {
    /// Of a PPM: a display larger than 4K shows nothing that matters here.
    static final int BYTES_MAX = 64 << 20;

    private static final int HEADER_BYTES_MAX = 64;
    private static final Pattern HEADER =
            Pattern.compile("^P6\\s+(\\d{1,5})\\s+(\\d{1,5})\\s+255\\s");
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int CHANNELS = 3;

    private Screenshot() {}

    /// @throws IOException if these bytes are no complete PPM
    static byte[] pngOf(byte[] ppm) throws IOException {
        var start =
                new String(
                        ppm,
                        0,
                        Math.min(ppm.length, HEADER_BYTES_MAX),
                        StandardCharsets.ISO_8859_1);
        var header = HEADER.matcher(start);
        if (!header.find()) {
            throw new IOException("screenshot: not a PPM of 8 bits a channel");
        }
        var width = Integer.parseInt(header.group(1));
        var height = Integer.parseInt(header.group(2));
        var pixels = (long) width * height * CHANNELS;
        if (pixels == 0 || pixels != ppm.length - header.end()) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "screenshot: %d bytes of pixels, expected %d x %d x 3",
                            ppm.length - header.end(),
                            width,
                            height));
        }
        var png = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(png)) {
            out.write(SIGNATURE);
            chunk(out, "IHDR", imageHeader(width, height));
            chunk(out, "IDAT", deflated(ppm, header.end(), width * CHANNELS));
            chunk(out, "IEND", new byte[0]);
        }
        return png.toByteArray();
    }

    private static byte[] imageHeader(int width, int height) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(width);
            out.writeInt(height);
            out.write(new byte[] {8, 2, 0, 0, 0}); // 8 bits, RGB, deflate, filters, no interlace
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
        return bytes.toByteArray();
    }

    private static byte[] deflated(byte[] ppm, int offset, int rowBytes) throws IOException {
        var packed = new ByteArrayOutputStream();
        var deflater = new Deflater(Deflater.BEST_SPEED);
        try (var out = new DeflaterOutputStream(packed, deflater)) {
            for (var row = offset; row < ppm.length; row += rowBytes) {
                out.write(0); // filter of this row: none
                out.write(ppm, row, rowBytes);
            }
        } finally {
            deflater.end();
        }
        return packed.toByteArray();
    }

    private static void chunk(DataOutputStream out, String type, byte[] data) throws IOException {
        var name = type.getBytes(StandardCharsets.US_ASCII);
        var checksum = new CRC32();
        checksum.update(name);
        checksum.update(data);
        out.writeInt(data.length);
        out.write(name);
        out.write(data);
        out.writeInt((int) checksum.getValue());
    }
}
