package holdfast.nbd;

import holdfast.volume.VolumeView;
import holdfast.volume.VolumeView.Run;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Asks a view what it stores, in steps that bound the memory of each answer, and joins neighbours
/// of one kind.
final class AllocationWalk {
    /// Small at first, since a view may answer with a run per block, of which the first may do; at
    /// most 16,384 runs later on, and few steps where there are large holes.
    private static final long FIRST_STEP_BYTES = 1L << 20;

    private static final long STEP_BYTES_MAX = 64L << 20;

    private AllocationWalk() {}

    /// Runs from `offsetBytes` on, at least one, of data and of zeros in turn; fewer than the range
    /// holds if it holds more than `runsMax`.
    ///
    /// @param lengthBytes above zero
    static List<Run> runs(VolumeView view, long offsetBytes, long lengthBytes, int runsMax)
            throws IOException {
        var runs = new ArrayList<Run>();
        var end = offsetBytes + lengthBytes;
        var step = FIRST_STEP_BYTES;
        for (var at = offsetBytes; at < end; step = Math.min(2 * step, STEP_BYTES_MAX)) {
            for (var run : view.allocation(at, Math.min(step, end - at))) {
                if (runs.size() == runsMax && runs.getLast().data() != run.data()) {
                    return runs;
                }
                append(runs, run);
                at = run.offsetBytes() + run.lengthBytes();
            }
        }
        return runs;
    }

    /// The same range, where zeros shorter than `holeBytesMin` count as data: a message for each
    /// would cost more than its bytes.
    static List<Run> withoutShortHoles(List<Run> runs, long holeBytesMin) {
        var kept = new ArrayList<Run>();
        for (var run : runs) {
            var data = run.data() || run.lengthBytes() < holeBytesMin;
            append(kept, new Run(run.offsetBytes(), run.lengthBytes(), data));
        }
        return kept;
    }

    private static void append(List<Run> runs, Run run) {
        if (runs.isEmpty() || runs.getLast().data() != run.data()) {
            runs.add(run);
            return;
        }
        var last = runs.removeLast();
        runs.add(new Run(last.offsetBytes(), last.lengthBytes() + run.lengthBytes(), run.data()));
    }
}
