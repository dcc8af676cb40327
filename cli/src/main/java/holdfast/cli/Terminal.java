package holdfast.cli;

import java.io.PrintStream;

/// Where a command prints: results to standard output, everything else to standard error.
///
/// On a terminal the last line of standard error may be a progress line that is rewritten in place;
/// elsewhere progress is only the lines that finish something, so a log stays readable. Not for
/// several threads at once.
final class Terminal {
    /// ECMA-48 §8.3.41, erase in line, from the cursor to the end.
    private static final String ERASE = "\u001b[K";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean interactive;
    private final int columns;
    private boolean progressShown;

    /// Borrows both streams. `interactive` says that a person watches standard error.
    Terminal(PrintStream out, PrintStream err, boolean interactive) {
        this(out, err, interactive, Integer.MAX_VALUE);
    }

    /// @param columns that a line of standard error has on the terminal
    Terminal(PrintStream out, PrintStream err, boolean interactive, int columns) {
        this.out = out;
        this.err = err;
        this.interactive = interactive;
        this.columns = columns;
    }

    /// Standard output itself, for text that is already laid out in lines.
    PrintStream results() {
        clear();
        return out;
    }

    boolean interactive() {
        return interactive;
    }

    /// A line of the result.
    void result(String line) {
        clear();
        out.println(line);
        out.flush();
    }

    /// A line about how things go: not part of the result.
    void note(String line) {
        clear();
        err.println(line);
        err.flush();
    }

    /// Replaces the progress line, where there is one. What would not fit into one line, which then
    /// could not be replaced, is left out.
    void progress(String line) {
        if (interactive) {
            var fitting = line.substring(0, Math.min(line.length(), columns - 1));
            err.print("\r" + fitting + ERASE);
            err.flush();
            progressShown = true;
        }
    }

    private void clear() {
        if (progressShown) {
            err.print("\r" + ERASE);
            err.flush();
            progressShown = false;
        }
    }
}
