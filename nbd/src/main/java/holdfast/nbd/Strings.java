package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/// Text that goes out, to peers and to the log.
final class Strings {
    private Strings() {}

    /// UTF-8, cut before the character that would make it longer than the protocol allows.
    static byte[] encode(String text) {
        var bytes = text.getBytes(UTF_8);
        if (bytes.length <= Protocol.STRING_BYTES_MAX) {
            return bytes;
        }
        var end = Protocol.STRING_BYTES_MAX;
        while ((bytes[end] & 0xc0) == 0x80) { // within a character
            end--;
        }
        return Arrays.copyOf(bytes, end);
    }

    /// A peer's word in a log line: on one line, without quotes that would end it early.
    static String quoted(String text) {
        var shown = text.length() <= 400 ? text : text.substring(0, 400) + "...";
        return '"' + shown.replaceAll("[\\p{Cntrl}\"\\\\]", "?") + '"';
    }
}
