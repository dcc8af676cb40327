package holdfast.demo;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;

/// Tells the user what happens, each step with the time since the beginning. One thread uses it.
public final class Narrator {
    private final Consumer<String> output;
    private final TimeSource time;
    private final long begun;

    /// @param output receives each line
    public Narrator(Consumer<String> output, TimeSource time) {
        this.output = output;
        this.time = time;
        this.begun = time.nanoTime();
    }

    /// Something was done.
    public void step(String what, String detail) {
        var sinceBegin = Duration.ofNanos(time.nanoTime() - begun);
        output.accept(
                String.format(
                        Locale.ROOT,
                        "%7.1f s  %-15s  %s",
                        sinceBegin.toMillis() / 1000.0,
                        what,
                        detail));
    }

    /// Something is about to be done.
    public void say(String line) {
        output.accept("           " + line);
    }
}
