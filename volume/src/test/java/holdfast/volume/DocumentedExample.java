package holdfast.volume;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// Bytes that a document of docs/formats/ prints, and what tests do with them.
final class DocumentedExample {
    private static final Path DOCUMENTS = Path.of("..", "docs", "formats");
    private static final Pattern LINE =
            Pattern.compile("^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", Pattern.MULTILINE);

    private DocumentedExample() {}

    /// The first block of hex under a heading of the third level.
    static byte[] read(String document, String heading) throws IOException {
        var text = Files.readString(DOCUMENTS.resolve(document));
        var section = text.indexOf("\n### " + heading + "\n");
        var start = text.indexOf("```hex\n", section);
        if (section < 0 || start < 0) {
            throw new IOException(document + " has no example under " + heading);
        }
        var bytes = new ByteArrayOutputStream();
        var line = LINE.matcher(text.substring(start, text.indexOf("\n```", start)));
        while (line.find()) {
            bytes.writeBytes(HexFormat.ofDelimiter(" ").parseHex(line.group(1).strip()));
        }
        return bytes.toByteArray();
    }

    static byte[] flipped(byte[] good, int bit) {
        var bad = good.clone();
        bad[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
        return bad;
    }

    /// What the documents write as `40 41 … 5f`.
    static byte[] counting(int first, int length) {
        var bytes = new byte[length];
        IntStream.range(0, length).forEach(i -> bytes[i] = (byte) (first + i));
        return bytes;
    }
}
