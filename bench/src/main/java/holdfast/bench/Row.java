package holdfast.bench;

import java.util.Optional;

/// One line of the table: a quantity of ours and, where there is one, the same of a peer.
///
/// @param benchmark which one measured it
/// @param measure what it is, with its unit
/// @param better which way is better
/// @param ours of Holdfast, one figure a repetition
/// @param peer measured in the same repetitions; empty if it only has a meaning for us
record Row(String benchmark, String measure, Better better, Samples ours, Optional<Peer> peer) {
    /// Which way is better.
    enum Better {
        LESS,
        MORE,
        /// A fact that explains the others.
        NEITHER
    }

    /// @param name what it was compared with
    record Peer(String name, Samples figures) {}

    /// @throws IllegalArgumentException if ours and the peer's are not pairs
    Row {
        peer.ifPresent(p -> ours.dividedBy(p.figures()));
    }

    static Row compared(
            String benchmark,
            String measure,
            Better better,
            Samples ours,
            String peer,
            Samples figures) {
        return new Row(benchmark, measure, better, ours, Optional.of(new Peer(peer, figures)));
    }

    static Row alone(String benchmark, String measure, Better better, Samples ours) {
        return new Row(benchmark, measure, better, ours, Optional.empty());
    }

    /// Ours divided by the peer's, pair by pair.
    Optional<Samples> ratio() {
        return peer.map(p -> ours.dividedBy(p.figures()));
    }
}
