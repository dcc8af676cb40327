package holdfast.recovery;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Reads what a console shows, piece by piece, and finds the signs of a boot in it.
///
/// Colours and cursor movements (ECMA-48 control sequences) are taken out; moving the cursor
/// elsewhere ends a line, as does a carriage return. A line is looked at when it ends, and again
/// where a piece ends, because a prompt has no line end. Where the kernel speaks in the middle of a
/// line, its message is a line of its own, and the other goes on after it. Used by one thread.
final class ConsoleText {
    /// With what the kernel may print behind a prompt that stands already. `Last login:` is what
    /// comes after a login.
    private static final Pattern PROMPT =
            Pattern.compile("^(?!Last )((?:\\S+ )?login:) *(?:\\[ *\\d+\\.\\d+\\].*)?$");

    /// What Linux, its initial RAM disks, systemd, GRUB, SeaBIOS and OVMF say when they give up.
    private static final Pattern HALT =
            Pattern.compile(
                    String.join(
                            "|",
                            Stream.of(
                                            "Kernel panic - not syncing",
                                            "You are in (?:emergency|rescue) mode",
                                            "Entering emergency mode",
                                            "Give root password for maintenance",
                                            "^\\(initramfs\\)",
                                            "^dracut:/#",
                                            "^grub rescue>",
                                            "^grub>",
                                            "No bootable device",
                                            "No bootable option or device was found",
                                            "^Shell>")
                                    .toList()));

    /// How the kernel's messages begin, if it gives them the time.
    private static final Pattern STAMP = Pattern.compile("\\[ *\\d+\\.\\d{6}\\]");

    private static final int LINE_BYTES_MAX = 4096; // a longer line's rest is dropped
    private static final int ESCAPE = 0x1b;
    private static final int BELL = 0x07;

    /// Where in a control sequence the reader is.
    private enum State {
        TEXT,
        ESCAPED,
        /// `ESC [ … final byte`
        CONTROL,
        /// `ESC ] … BEL` or `ESC ] … ESC \`: a window title
        TITLE,
        /// `ESC ( x`: a character set
        CHARACTER_SET
    }

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private State state = State.TEXT;
    private String lastLine = "";

    /// Bytes of the line that were there when the kernel cut in; zero if it did not.
    private int interrupted;

    private Optional<BootSign> sign = Optional.empty();

    /// @return the first sign that there was, in this piece or an earlier one
    Optional<BootSign> accept(byte[] piece) {
        for (var each : piece) {
            accept(each & 0xff);
        }
        look();
        return sign;
    }

    /// The newest line that says anything, also if it has not ended yet; empty if there is none.
    String lastLine() {
        var text = text();
        return text.isEmpty() || line.size() == interrupted ? lastLine : text;
    }

    private void accept(int each) {
        switch (state) {
            case TEXT -> text(each);
            case ESCAPED ->
                    state =
                            switch (each) {
                                case '[' -> State.CONTROL;
                                case ']' -> State.TITLE;
                                case '(', ')' -> State.CHARACTER_SET;
                                default -> State.TEXT;
                            };
            case CONTROL -> {
                if (each >= 0x40 && each <= 0x7e) {
                    if (each == 'H' || each == 'f' || each == 'J') { // elsewhere, or cleared
                        endLine();
                    }
                    state = State.TEXT;
                }
            }
            case TITLE -> {
                if (each == BELL) {
                    state = State.TEXT;
                } else if (each == ESCAPE) {
                    state = State.ESCAPED;
                }
            }
            case CHARACTER_SET -> state = State.TEXT;
        }
    }

    private void text(int each) {
        if (each == ESCAPE) {
            state = State.ESCAPED;
        } else if (each == '\n' || each == '\r') {
            if (interrupted == 0 || line.size() > interrupted) { // else the message's line feed
                endLine();
            }
        } else if ((each >= ' ' || each == '\t') && line.size() < LINE_BYTES_MAX) {
            line.write(each);
        }
    }

    private void endLine() {
        look();
        var bytes = line.toByteArray();
        // a character for each byte, so that noise stays as long as it is
        var stamp = STAMP.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
        var start = stamp.find() ? stamp.start() : 0;
        var ended = text(Arrays.copyOfRange(bytes, start, bytes.length));
        lastLine = ended.isEmpty() ? lastLine : ended;
        line.reset();
        line.write(bytes, 0, start);
        interrupted = line.size();
    }

    private void look() {
        if (sign.isEmpty()) {
            var bytes = line.toByteArray();
            var after =
                    Arrays.copyOfRange(bytes, Math.min(interrupted, bytes.length), bytes.length);
            sign = signIn(text()).or(() -> signIn(text(after))); // or nothing went on
        }
    }

    private static Optional<BootSign> signIn(String text) {
        Matcher prompt = PROMPT.matcher(text);
        if (prompt.find()) {
            return Optional.of(new BootSign.LoginPrompt(prompt.group(1)));
        }
        return HALT.matcher(text).find() ? Optional.of(new BootSign.Halt(text)) : Optional.empty();
    }

    private String text() {
        return text(line.toByteArray());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).strip();
    }
}
