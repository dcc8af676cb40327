package holdfast.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// What a [RecordWriter] was told is on stable storage, and when: the truth that a recovered disk
/// is held against. Safe for any thread.
public final class RecordHistory {
    private long[] acknowledgedMicros = new long[1 << 12];
    private int count;

    /// Record numbers start at 1 and come in order.
    synchronized void acknowledged(long number, long micros) {
        if (number != count + 1L) {
            throw new IllegalStateException(
                    "record " + number + " acknowledged after record " + count);
        }
        if (count == acknowledgedMicros.length) {
            acknowledgedMicros = Arrays.copyOf(acknowledgedMicros, count * 2);
        }
        acknowledgedMicros[count++] = micros;
    }

    /// Number of the last record acknowledged.
    public synchronized long last() {
        return count;
    }

    /// Number of the last record acknowledged before the instant; 0 if none.
    public synchronized long lastBefore(Instant instant) {
        var limit = ChronoUnit.MICROS.between(Instant.EPOCH, instant);
        var found = Arrays.binarySearch(acknowledgedMicros, 0, count, limit);
        return found < 0 ? -found - 1 : found;
    }

    /// Holds recovered files against the history.
    ///
    /// @param fileA the writer's file A, on a recovered disk
    /// @param fileB its file B, on the same or another disk of the same point
    /// @param instant of the consistency point
    public Verdict check(Path fileA, Path fileB, Instant instant) throws IOException {
        var required = lastBefore(instant);
        var faults = new ArrayList<String>();
        var a = new Records.Tail(0, 0);
        var b = new Records.Tail(0, 0);
        try {
            a = Records.read(fileA);
            b = Records.read(fileB);
        } catch (Records.DisorderException e) {
            faults.add(e.getMessage());
        }
        if (b.number() > a.number()) {
            faults.add(
                    String.format(
                            Locale.ROOT,
                            "file B holds record %d, file A only %d: B is ahead of A",
                            b.number(),
                            a.number()));
        }
        if (b.number() < required) {
            faults.add(
                    String.format(
                            Locale.ROOT,
                            "record %d was acknowledged before %s, but the last one recovered is %d",
                            required,
                            instant,
                            b.number()));
        }
        var begun = Instant.EPOCH.plus(a.begunMicros(), ChronoUnit.MICROS);
        if (begun.isAfter(instant.plus(CLOCK_TOLERANCE_MILLIS, ChronoUnit.MILLIS))) {
            faults.add(
                    String.format(
                            Locale.ROOT,
                            "record %d was begun at %s, after the point's instant %s",
                            a.number(),
                            begun,
                            instant));
        }
        return new Verdict(a.number(), b.number(), required, faults);
    }

    /// The writer may be put aside between taking the time and writing, and the agent between
    /// taking the time and flipping.
    private static final long CLOCK_TOLERANCE_MILLIS = 1000;

    /// @param recordsInA last record recovered in file A
    /// @param recordsInB last record recovered in file B
    /// @param required last record that had to be there
    /// @param faults what is wrong; empty if all is well
    public record Verdict(long recordsInA, long recordsInB, long required, List<String> faults) {
        public Verdict {
            faults = List.copyOf(faults);
        }

        public boolean holds() {
            return faults.isEmpty();
        }
    }
}
