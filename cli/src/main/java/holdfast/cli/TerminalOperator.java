package holdfast.cli;

import holdfast.failback.Operator;
import holdfast.failback.Progress;
import java.io.BufferedReader;
import java.io.Console;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Whoever sits at the terminal, or wrote the script.
final class TerminalOperator implements Operator {
    private final Terminal terminal;
    private @Nullable BufferedReader input;
    private String phase = "";
    private int shownFirst;

    TerminalOperator(Terminal terminal) {
        this.terminal = terminal;
    }

    /// Secrets are not shown where the input is a terminal's.
    @Override
    public String ask(String question, boolean secret) throws IOException {
        var console = Optional.ofNullable(System.console()).filter(Console::isTerminal);
        if (console.isPresent()) {
            return answered(
                    secret
                            ? text(console.get().readPassword("%s", question))
                            : console.get().readLine("%s", question),
                    question);
        }
        terminal.note(question.strip());
        if (input == null) {
            input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        }
        return answered(input.readLine(), question);
    }

    private static @Nullable String text(char @Nullable [] typed) {
        return typed == null ? null : new String(typed);
    }

    private static String answered(@Nullable String line, String question) throws IOException {
        if (line == null) {
            throw new EOFException("no answer to: " + question.strip());
        }
        return line;
    }

    @Override
    public synchronized void tell(String line) {
        terminal.note(line);
    }

    /// A line for each disk would not stay in place, so all are in one, of which a terminal shows
    /// as much as it has room for: what matters most stands first, and each disk in turn.
    @Override
    public synchronized void progress(Progress progress) {
        var what = progress.what().replaceFirst(" as of .*", "");
        if (!what.equals(phase)) {
            phase = what;
            terminal.note(what);
        }
        var rate = Units.bytes(progress.bytesPerSecond()) + "/s";
        var disks = new ArrayList<>(progress.disks());
        Collections.rotate(disks, -(shownFirst++ % Math.max(1, disks.size())));
        var shown = disks.stream().map(TerminalOperator::shown).collect(Collectors.joining("; "));
        terminal.progress(
                progress.left()
                        .map(left -> rate + ", " + Units.span(left) + " left; " + shown)
                        .orElse(progress.what() + "; " + shown + "; " + rate));
    }

    private static String shown(Progress.Disk disk) {
        return String.format(
                Locale.ROOT,
                "%s %s compared, %s of %s fetched",
                disk.name(),
                Units.percent(disk.comparedBytes(), disk.totalBytes()),
                Units.bytes(disk.fetchedBytes()),
                Units.bytes(disk.differingBytes()));
    }
}
