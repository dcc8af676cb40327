package holdfast.volume;

import java.util.ArrayList;
import java.util.List;

/// Decides which neighbours are written anew as one object. Pure.
///
/// Objects of which at least half is garbage are, and so are [#NEIGHBOURS] or more that fit into
/// one segment together. That bounds what is kept and what it costs (docs/decisions/journal.md,
/// "Reclaim"):
///
/// - no object is more than half garbage, and any [#NEIGHBOURS] neighbours hold more than a
///   segment: so there are at most `NEIGHBOURS × (live bytes / segment bytes + 1)`;
/// - the first rule writes no more than it frees, so in all no more than was ever journalled; the
///   second leaves one object where there were eight or more, so it writes no more than a segment
///   for each seven that the journal ever had.
final class MergePlan {
    static final int NEIGHBOURS = 8;

    private MergePlan() {}

    /// An object that may be written anew.
    ///
    /// @param leftBytes it would have afterwards
    record Candidate(StoredSegment segment, long leftBytes) {}

    /// Candidates that become one object, in order.
    record Group(List<Candidate> candidates) {
        Group {
            candidates = List.copyOf(candidates);
        }

        long freedBytes() {
            return candidates.stream().mapToLong(c -> c.segment.sizeBytes() - c.leftBytes).sum();
        }

        List<StoredSegment> segments() {
            return candidates.stream().map(Candidate::segment).toList();
        }
    }

    /// An object as it will be: one of the candidates, or a group that was decided on.
    private record Planned(List<Candidate> of, long sizeBytes, long leftBytes, boolean decided) {
        boolean isHalfGarbage() {
            return !decided && 2 * leftBytes <= sizeBytes;
        }
    }

    /// @param neighbours in order, without another object between two of them
    static List<Group> of(List<Candidate> neighbours, long segmentBytes) {
        List<Planned> plan = new ArrayList<>();
        for (var candidate : neighbours) {
            plan.add(
                    new Planned(
                            List.of(candidate),
                            candidate.segment.sizeBytes(),
                            candidate.leftBytes,
                            false));
        }
        // what was put together may fit together with its neighbours
        for (var before = List.<Planned>of(); !before.equals(plan); ) {
            before = plan;
            plan = turn(plan, segmentBytes);
        }
        return plan.stream().filter(Planned::decided).map(p -> new Group(p.of)).toList();
    }

    private static List<Planned> turn(List<Planned> plan, long segmentBytes) {
        var next = new ArrayList<Planned>();
        for (var from = 0; from < plan.size(); ) {
            var to = longest(plan, from, segmentBytes);
            if (to > from) {
                next.add(together(plan.subList(from, to)));
                from = to;
            } else {
                next.add(plan.get(from));
                from++;
            }
        }
        return next;
    }

    /// @return end of the longest run from there that is to become one object; `from` if none is
    private static int longest(List<Planned> plan, int from, long segmentBytes) {
        var found = from;
        var leftBytes = 0L;
        var halfGarbage = true;
        for (var to = from + 1; to <= plan.size(); to++) {
            var last = plan.get(to - 1);
            leftBytes += last.leftBytes;
            halfGarbage &= last.isHalfGarbage();
            if (to > from + 1 && leftBytes > segmentBytes) {
                break;
            }
            if (halfGarbage || to - from >= NEIGHBOURS) {
                found = to;
            }
        }
        return found;
    }

    private static Planned together(List<Planned> run) {
        var of = run.stream().flatMap(planned -> planned.of.stream()).toList();
        var leftBytes = run.stream().mapToLong(Planned::leftBytes).sum();
        return new Planned(of, leftBytes, leftBytes, true);
    }
}
