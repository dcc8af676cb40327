package holdfast.cli;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.text.MessageFormat;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Arrays;
import java.util.Locale;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/// Where [System.Logger] of this process writes: one line per event to standard error, for whoever
/// collects it there (systemd, a container, a file).
///
/// ```
/// 2026-11-21T08:15:30.250Z INFO holdfast.server data=/srv/holdfast closed
/// ```
///
/// Silent until [#start], since a command that only asks the server has nothing to log. Found by
/// the JDK as a service. Unlike `java.util.logging`, it still writes while the process shuts down,
/// which is when a server has something to say.
public final class StandardErrorLog extends System.LoggerFinder {
    private static final DateTimeFormatter STAMP =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

    /// Held while an event is written, so that events do not mix.
    private static final Object WRITING = new Object();

    private static volatile boolean started;
    private static volatile @Nullable PrintStream file;

    public StandardErrorLog() {}

    /// From now on, events of ours from INFO on are written, and those of libraries from WARNING
    /// on.
    static void start() {
        started = true;
    }

    /// From now on, the same events are written to the end of a file.
    static void startTo(Path path) throws IOException {
        file =
                new PrintStream(
                        Files.newOutputStream(
                                path, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                        true,
                        StandardCharsets.UTF_8);
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Log(
                name,
                name.startsWith("holdfast.")
                        ? System.Logger.Level.INFO
                        : System.Logger.Level.WARNING);
    }

    private record Log(String name, System.Logger.Level least) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return (started || file != null)
                    && level != Level.OFF
                    && level.getSeverity() >= least.getSeverity();
        }

        @Override
        public void log(
                Level level,
                @Nullable ResourceBundle bundle,
                @Nullable String message,
                @Nullable Throwable thrown) {
            if (isLoggable(level)) {
                write(level, String.valueOf(message), thrown);
            }
        }

        @Override
        public void log(
                Level level,
                @Nullable ResourceBundle bundle,
                @Nullable String format,
                @Nullable Object @Nullable ... values) {
            if (isLoggable(level)) {
                write(level, filled(String.valueOf(format), values), null);
            }
        }

        /// Values as they print: left to itself the format writes 4711 as 4,711.
        private static String filled(String format, @Nullable Object @Nullable [] values) {
            if (values == null || values.length == 0) {
                return format;
            }
            var texts = Arrays.stream(values).map(String::valueOf).toArray();
            return new MessageFormat(format, Locale.ROOT).format(texts);
        }

        private static void write(
                PrintStream out, Level level, CharSequence line, @Nullable Throwable thrown) {
            out.println(line);
            if (thrown != null && level == Level.ERROR) {
                thrown.printStackTrace(out);
            }
        }

        /// The trace of an error is for whoever mends the program; what the world did is said by
        /// its message.
        private void write(Level level, String text, @Nullable Throwable thrown) {
            var line = new StringBuilder();
            line.append(STAMP.format(TimeSource.system().now()))
                    .append(' ')
                    .append(level)
                    .append(' ');
            line.append(name).append(' ').append(text.replace("\n", "\n  "));
            if (thrown != null) {
                line.append(": ").append(thrown);
            }
            synchronized (WRITING) {
                if (started) {
                    write(System.err, level, line, thrown);
                }
                var other = file;
                if (other != null) {
                    write(other, level, line, thrown);
                }
            }
        }
    }
}
