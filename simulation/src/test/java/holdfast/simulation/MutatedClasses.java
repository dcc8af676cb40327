package holdfast.simulation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/// The product and the simulation once more, with one bug.
final class MutatedClasses extends ClassLoader {
    private final Mutation mutation;
    private boolean applied;

    MutatedClasses(Mutation mutation) {
        super(MutatedClasses.class.getClassLoader());
        this.mutation = mutation;
    }

    /// The first seed that finds the bug, and what was broken, in words.
    Optional<String> firstFinding(long seeds) throws ReflectiveOperationException {
        return firstSeed(seeds).map(found -> "seed " + found.seed() + ": " + found.broken());
    }

    /// A seed that finds the bug, and what is broken in its world.
    record Finding(long seed, String broken) {}

    /// Runs worlds until one breaks.
    Optional<Finding> firstSeed(long seeds) throws ReflectiveOperationException {
        var run = loadClass(Entry.class.getName()).getDeclaredMethod("run", long.class);
        run.setAccessible(true);
        for (var seed = 1L; seed <= seeds; seed++) {
            var broken = (String) run.invoke(null, seed);
            if (!broken.isEmpty()) {
                if (!applied) {
                    throw new IllegalStateException(mutation + ": its class was never loaded");
                }
                return Optional.of(new Finding(seed, broken));
            }
        }
        return Optional.empty();
    }

    /// Shrinks the world of a seed that finds the bug.
    ///
    /// @return what it takes and what breaks then, twice
    List<String> shrink(long seed) throws ReflectiveOperationException {
        var shrink = loadClass(Entry.class.getName()).getDeclaredMethod("shrink", long.class);
        shrink.setAccessible(true);
        @SuppressWarnings("unchecked")
        var told = (List<String>) shrink.invoke(null, seed);
        return told;
    }

    /// Called in the mutated copy.
    static final class Entry {
        private Entry() {}

        static List<String> shrink(long seed) {
            try (var world = new World(seed, false)) {
                world.run();
                return List.of();
            } catch (BrokenInvariantException e) {
                var shrunk = Shrinker.shrink(seed, e.invariant);
                var told = new ArrayList<>(shrunk.faults().stream().map(Fault::toString).toList());
                told.add(String.valueOf(shrunk.run().orElseThrow().getMessage()));
                told.add(String.valueOf(shrunk.run().orElseThrow().getMessage()));
                return told;
            }
        }

        static String run(long seed) {
            Logger.getLogger("holdfast").setLevel(Level.OFF);
            try (var world = new World(seed, false)) {
                world.run();
                return world.endedRotten() && !world.ledger.rotten ? "does not open" : "";
            } catch (RuntimeException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            var known = findLoadedClass(name);
            if (known != null) {
                return known;
            }
            // the JDK keeps the random source, so there must be one
            if (!name.startsWith("holdfast.") || name.contains("SimulatedRandom")) {
                return super.loadClass(name, resolve);
            }
            return define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (var in = getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            var bytes = in.readAllBytes();
            if (name.equals(mutation.className())) {
                bytes = mutation.change().apply(bytes, getParent());
                applied = true;
            }
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
