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
    private boolean progressShown;

    /// Borrows both streams. `interactive` says that a person watches standard error.
    Terminal(PrintStream out, PrintStream err, boolean interactive) {
        this.out = out;
        this.err = err;
        this.interactive = interactive;
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

    /// Replaces the progress line, where there is one.
    void progress(String line) {
        if (interactive) {
            err.print("\r" + line + ERASE);
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
