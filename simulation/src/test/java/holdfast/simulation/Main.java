package holdfast.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;

/// Runs worlds, seed after seed, for `simulation/run`. Exit status 0 if nothing broke, 1 if
/// something did, 2 if the arguments are wrong.
public final class Main {
    private static final String USAGE =
            """
            usage: simulation/run [--seeds <from>..<to>] [--minutes <n>] [--verbose]
              --seeds <from>..<to>  which worlds to run (1..100)
              --minutes <n>         stop after so long, whatever is left
              --verbose             say what happens in each world, and what the programs log

            A world that breaks is shown with its seed and with the faults that it takes. Exit status
            0 if none broke, 1 if one did, 2 if the arguments are wrong.
            """;

    private Main() {}

    private record Options(long from, long to, Duration longest, boolean verbose) {
        static Options parse(String[] arguments) {
            var from = 1L;
            var to = 100L;
            var longest = Duration.ofDays(365);
            var verbose = false;
            for (var i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "--seeds" -> {
                        var range = arguments[++i].split("\\.\\.", 2);
                        from = Long.parseLong(range[0]);
                        to = Long.parseLong(range[range.length - 1]);
                    }
                    case "--minutes" ->
                            longest = Duration.ofMinutes(Long.parseLong(arguments[++i]));
                    case "--verbose" -> verbose = true;
                    default -> throw new IllegalArgumentException(arguments[i]);
                }
            }
            return new Options(from, to, longest, verbose);
        }
    }

    public static void main(String[] arguments) {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException _) {
            System.err.print(USAGE);
            System.exit(2);
            return;
        }
        System.exit(run(options) ? 0 : 1);
    }

    private static boolean run(Options options) {
        Logger.getLogger("holdfast").setLevel(options.verbose() ? Level.ALL : Level.OFF);
        var began = System.nanoTime();
        long worlds = 0;
        long points = 0;
        long steps = 0;
        var broken = new ArrayList<Long>();
        for (var seed = options.from();
                seed <= options.to() && System.nanoTime() - began < options.longest().toNanos();
                seed++) {
            worlds++;
            try (var world = new World(seed, options.verbose())) {
                var outcome = world.run();
                points += outcome.points();
                steps += outcome.steps();
            } catch (BrokenInvariantException e) {
                broken.add(seed);
                show(seed, e);
            }
        }
        System.out.printf(
                "%d worlds, %d broken %s, %d points, %d steps, %.0f s%n",
                worlds, broken.size(), broken, points, steps, (System.nanoTime() - began) / 1e9);
        return broken.isEmpty();
    }

    private static void show(long seed, BrokenInvariantException broken) {
        System.out.printf("seed %d: %s%n", seed, broken.getMessage());
        if (broken.getCause() != null) {
            broken.getCause().printStackTrace(System.out);
        }
        System.out.printf("  it takes: %s%n", needed(seed, broken.invariant));
        System.out.printf("  again: simulation/run --seeds %d..%d --verbose%n", seed, seed);
    }

    /// The faults without which the same invariant no longer breaks.
    static List<Fault> needed(long seed, Invariant invariant) {
        int planned;
        try (var world = new World(seed, false)) {
            planned = world.faults().size();
        }
        var kept = new ArrayList<>(IntStream.range(0, planned).boxed().toList());
        for (var fault = 0; fault < planned; fault++) {
            var fewer = new ArrayList<>(kept);
            fewer.remove((Integer) fault);
            if (breaks(seed, fewer, invariant)) {
                kept = fewer;
            }
        }
        try (var world = new World(seed, Optional.of(kept), false)) {
            return world.faults();
        }
    }

    private static boolean breaks(long seed, List<Integer> faults, Invariant invariant) {
        try (var world = new World(seed, Optional.of(faults), false)) {
            world.run();
            return false;
        } catch (BrokenInvariantException e) {
            return e.invariant == invariant;
        }
    }
}
