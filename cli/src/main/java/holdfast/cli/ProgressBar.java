package holdfast.cli;

import java.util.Locale;

/// How far one long copy is: a bar where a person watches, a line every tenth part elsewhere.
final class ProgressBar {
    private static final int STEPS = 20;

    private final Terminal terminal;
    private final String label;
    private int tenthsTold;

    ProgressBar(Terminal terminal, String label) {
        this.terminal = terminal;
        this.label = label;
    }

    /// @param fraction 0 to 1; what lies outside is taken as the nearest of these
    void at(double fraction) {
        var done = Math.clamp(fraction, 0, 1);
        var filled = (int) Math.floor(done * STEPS);
        var bar = "#".repeat(filled) + " ".repeat(STEPS - filled);
        terminal.progress(String.format(Locale.ROOT, "[%s] %5.1f%%  %s", bar, done * 100, label));
        var tenths = (int) Math.floor(done * 10);
        if (!terminal.interactive() && tenths > tenthsTold) {
            terminal.note(String.format(Locale.ROOT, "%s: %d%%", label, tenths * 10));
            tenthsTold = tenths;
        }
    }
}
