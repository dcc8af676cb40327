package holdfast.cli;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ConnectException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/// The last frame of a command: every failure becomes one line and a status, none a stack trace.
///
/// With `--json` the line is an object, `{"code", "message", "exitStatus"}`, still on standard
/// error.
final class Failures {
    private final Context context;
    private final boolean json;

    Failures(Context context, boolean json) {
        this.context = context;
        this.json = json;
    }

    /// A failure in words.
    ///
    /// @param code stable, for programs
    record Told(String code, String message, ExitStatus status) {}

    ExitStatus report(Exception failure) {
        return tell(told(failure));
    }

    /// For somebody else to report.
    Told told(Exception failure) {
        return switch (failure) {
            case UsageException e -> new Told("usage", words(e), ExitStatus.USAGE);
            case RefusalException e -> new Told(e.code(), words(e), refused(e.code()));
            case ClientGaveUpException e -> new Told(e.code(), words(e), e.status());
            case UnreachableException e ->
                    new Told("unreachable", words(e), ExitStatus.UNREACHABLE);
            case ApiException e -> new Told(e.code(), words(e), status(e));
            case ConnectException e -> new Told("unreachable", words(e), ExitStatus.UNREACHABLE);
            case NoSuchFileException e ->
                    new Told("no-such-file", "no file " + e.getFile(), ExitStatus.FAILURE);
            case AccessDeniedException e ->
                    new Told(
                            "access-denied",
                            e.getFile() + " may not be used by you",
                            ExitStatus.FAILURE);
            case IOException e -> new Told("failed", words(e), ExitStatus.FAILURE);
            case InterruptedException _ ->
                    new Told("interrupted", "interrupted", ExitStatus.FAILURE);
            default -> internal(failure);
        };
    }

    private static ExitStatus status(ApiException e) {
        if (e.code().equals("damaged-data")) {
            return ExitStatus.DAMAGE;
        }
        return e.refused() ? refused(e.code()) : ExitStatus.FAILURE;
    }

    /// What is malformed is so whatever the state of things: the user's words are at fault.
    private static ExitStatus refused(String code) {
        return code.startsWith("malformed-") ? ExitStatus.USAGE : ExitStatus.REFUSED;
    }

    private ExitStatus tell(Told told) {
        if (json) {
            var line =
                    ApiClient.JSON
                            .createObjectNode()
                            .put("code", told.code())
                            .put("message", told.message())
                            .put("exitStatus", told.status().code());
            context.terminal().note(line.toString());
        } else {
            context.terminal().note("holdfast: " + told.message());
        }
        return told.status();
    }

    /// Its message; for the few that have none, what it is.
    private static String words(Exception failure) {
        var message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }

    /// Our own fault: the trace goes to a file for whoever mends it.
    private Told internal(Exception failure) {
        var trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        var what = failure.getClass().getSimpleName();
        try {
            var log = log();
            Files.createDirectories(log.getParent());
            Files.writeString(
                    log,
                    String.format(
                            Locale.ROOT,
                            "%s %s%n%s%n",
                            context.time().now(),
                            Version.line(),
                            trace),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            return new Told(
                    "internal",
                    String.format(
                            Locale.ROOT,
                            "internal error (%s): please report it with the end of %s",
                            what,
                            log),
                    ExitStatus.FAILURE);
        } catch (IOException e) {
            return new Told(
                    "internal",
                    String.format(
                            Locale.ROOT,
                            "internal error (%s: %s); the log for it cannot be written: %s",
                            what,
                            failure.getMessage(),
                            e.toString().toLowerCase(Locale.ROOT)),
                    ExitStatus.FAILURE);
        }
    }

    /// XDG Base Directory Specification: logs are state, `$XDG_STATE_HOME` or `~/.local/state`.
    private Path log() {
        var state = context.environment().getOrDefault("XDG_STATE_HOME", "");
        var home = context.environment().getOrDefault("HOME", System.getProperty("user.home"));
        var base = state.isBlank() ? Path.of(home, ".local", "state") : Path.of(state);
        return base.resolve("holdfast").resolve("errors.log");
    }
}
