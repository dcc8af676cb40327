package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Entries that go into the journal together, and what became of them.
final class JournalRequest {
    final List<JournalEntry> entries;
    final long bytes;

    /// Completes with the last sequence once reads see the entries.
    final CompletableFuture<Long> applied = new CompletableFuture<>();

    /// Completes with the last sequence once they are on stable storage.
    final CompletableFuture<Long> durable = new CompletableFuture<>();

    /// When they were written, microseconds since the epoch; valid once applied.
    volatile long journalledMicros;

    /// Sequence of the last record; valid once written.
    volatile long lastSequence;

    JournalRequest(List<JournalEntry> entries) {
        this.entries = entries;
        this.bytes = entries.stream().mapToLong(JournalEntry::recordBytes).sum();
    }

    static long bytes(List<JournalRequest> requests) {
        return requests.stream().mapToLong(request -> request.bytes).sum();
    }

    /// The point that this request, of nothing else, recorded; valid once applied.
    SegmentIndex.Point point(int owner, NewPoint point) {
        return new SegmentIndex.Point(
                owner, lastSequence, BatchWriter.record(point, journalledMicros));
    }
}
