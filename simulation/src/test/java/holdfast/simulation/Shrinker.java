package holdfast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Finds out which faults of a world that broke it takes: one after the other is left out, and
/// stays out if the same invariant breaks all the same.
///
/// Leaving one out changes every later coin's fall, so that what broke by a rare interleaving would
/// hardly break again. Hence each attempt is made with some salts, each of which is another course
/// of the same world with the same faults.
final class Shrinker {
    private static final int SALTS = 3;

    private Shrinker() {}

    /// What still breaks.
    ///
    /// @param kept of the plan's faults, by their place in it
    record Shrunk(long seed, int salt, List<Integer> kept, List<Fault> faults) {
        /// Runs it again.
        ///
        /// @return what breaks
        Optional<BrokenInvariantException> run() {
            return broken(seed, salt, kept);
        }

        /// Options of `simulation/run` that do.
        String options() {
            var places = String.join(",", kept.stream().map(String::valueOf).toList());
            return String.format(
                    "--seeds %d..%d --faults %s --salt %d",
                    seed, seed, kept.isEmpty() ? "none" : places, salt);
        }
    }

    /// @param invariant that breaks in the world of that seed
    static Shrunk shrink(long seed, Invariant invariant) {
        var kept = IntStream.range(0, faults(seed, Optional.empty()).size()).boxed().toList();
        var salt = 0;
        for (var fault : kept) {
            var fewer = new ArrayList<>(kept);
            fewer.remove(fault);
            var breaking = breaks(seed, salt, fewer, invariant);
            if (breaking.isPresent()) {
                salt = breaking.get();
                kept = List.copyOf(fewer);
            }
        }
        return new Shrunk(seed, salt, kept, faults(seed, Optional.of(kept)));
    }

    private static List<Fault> faults(long seed, Optional<List<Integer>> kept) {
        try (var world = new World(seed, 0, kept, false)) {
            return world.faults();
        }
    }

    /// The salt with which it breaks, the last one first.
    private static Optional<Integer> breaks(
            long seed, int last, List<Integer> kept, Invariant invariant) {
        return IntStream.concat(
                        IntStream.of(last), IntStream.range(0, SALTS).filter(s -> s != last))
                .boxed()
                .filter(salt ->
                        broken(seed, salt, kept).filter(e -> e.invariant == invariant).isPresent())
                .findFirst();
    }

    private static Optional<BrokenInvariantException> broken(
            long seed, int salt, List<Integer> kept) {
        try (var world = new World(seed, salt, Optional.of(kept), false)) {
            world.run();
            return Optional.empty();
        } catch (BrokenInvariantException e) {
            return Optional.of(e);
        }
    }
}
