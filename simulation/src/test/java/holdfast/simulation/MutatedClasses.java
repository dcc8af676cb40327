package holdfast.simulation;

import java.io.IOException;
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

    /// Runs worlds until one breaks.
    ///
    /// @return the first seed that finds the bug, and what was broken
    Optional<String> firstFinding(long seeds) throws ReflectiveOperationException {
        var run = loadClass(Entry.class.getName()).getDeclaredMethod("run", long.class);
        run.setAccessible(true);
        for (var seed = 1L; seed <= seeds; seed++) {
            var broken = (String) run.invoke(null, seed);
            if (!broken.isEmpty()) {
                if (!applied) {
                    throw new IllegalStateException(mutation + ": its class was never loaded");
                }
                return Optional.of("seed " + seed + ": " + broken);
            }
        }
        return Optional.empty();
    }

    /// Called in the mutated copy.
    static final class Entry {
        private Entry() {}

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
