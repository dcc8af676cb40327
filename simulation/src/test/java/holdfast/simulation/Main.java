package holdfast.simulation;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/// Runs worlds, seed after seed, for `simulation/run`. Exit status 0 if nothing broke, 1 if
/// something did, 2 if the arguments are wrong.
public final class Main {
    private static final String USAGE =
            """
            usage: simulation/run [--seeds <from>..<to>] [--minutes <n>] [--verbose]
                   simulation/run --bugs [<word>]
              --seeds <from>..<to>  which worlds to run (1..100)
              --minutes <n>         stop after so long, whatever is left
              --verbose             say what happens in each world, and what the programs log
              --faults <n,n,...>    only these faults of the plan, or none
              --salt <n>            another course of the same world
              --bugs [<word>]       how many worlds it takes to find each deliberate bug, or those
                                    with the word in their name; 1 if one is not found in 40

            A world that breaks is shown with its seed and with the faults that it takes. Exit status
            0 if none broke, 1 if one did, 2 if the arguments are wrong.
            """;

    private Main() {}

    /// @param faults to let happen, by their place in the plan; all without
    private record Options(
            long from,
            long to,
            Duration longest,
            Optional<List<Integer>> faults,
            int salt,
            boolean verbose) {
        static Options parse(String[] arguments) {
            var from = 1L;
            var to = 100L;
            var longest = Duration.ofDays(365);
            var faults = Optional.<List<Integer>>empty();
            var salt = 0;
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
                    case "--faults" -> faults = Optional.of(places(arguments[++i]));
                    case "--salt" -> salt = Integer.parseInt(arguments[++i]);
                    case "--verbose" -> verbose = true;
                    default -> throw new IllegalArgumentException(arguments[i]);
                }
            }
            return new Options(from, to, longest, faults, salt, verbose);
        }

        private static List<Integer> places(String list) {
            return list.equals("none")
                    ? List.of()
                    : Arrays.stream(list.split(",", -1)).map(Integer::valueOf).toList();
        }
    }

    public static void main(String[] arguments) {
        if (arguments.length > 0 && arguments[0].equals("--bugs")) {
            System.exit(findBugs(arguments.length > 1 ? arguments[1] : "") ? 0 : 1);
        }
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
            try (var world = new World(seed, options.salt(), options.faults(), options.verbose())) {
                var outcome = world.run();
                points += outcome.points();
                steps += outcome.steps();
            } catch (BrokenInvariantException e) {
                broken.add(seed);
                show(seed, e, options.faults().isEmpty());
            } catch (RuntimeException e) { // of the simulation itself: nobody else would tell
                broken.add(seed);
                System.out.printf("seed %d: %s%n", seed, e);
                e.printStackTrace(System.out);
            }
        }
        System.out.printf(
                "%d worlds, %d broken %s, %d points, %d steps, %.0f s, %.0f s of processor time%n",
                worlds,
                broken.size(),
                broken,
                points,
                steps,
                (System.nanoTime() - began) / 1e9,
                ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9);
        return broken.isEmpty();
    }

    private static boolean findBugs(String word) {
        var missed = 0;
        for (var bug : Mutations.all()) {
            if (bug.name().contains(word)) {
                String found;
                try {
                    found =
                            new MutatedClasses(bug)
                                    .firstFinding(Mutations.SEEDS)
                                    .orElse("NOT FOUND");
                } catch (ReflectiveOperationException | IllegalStateException e) {
                    found = "NOT LOOKED FOR: " + e + ", " + e.getCause();
                }
                missed += found.startsWith("NOT ") ? 1 : 0;
                System.out.println(bug + ": " + found);
            }
        }
        return missed == 0;
    }

    private static void show(long seed, BrokenInvariantException broken, boolean shrinks) {
        System.out.printf("seed %d: %s%n", seed, broken.getMessage());
        if (broken.getCause() != null) {
            broken.getCause().printStackTrace(System.out);
        }
        if (!shrinks) {
            return;
        }
        System.out.printf("  again: simulation/run --seeds %d..%d --verbose%n", seed, seed);
        try {
            var shrunk = Shrinker.shrink(seed, broken.invariant);
            System.out.printf("  it takes: %s%n", shrunk.faults());
            System.out.printf("  only that: simulation/run %s --verbose%n", shrunk.options());
        } catch (RuntimeException e) { // of the simulation itself
            System.out.printf("  with fewer faults: %s%n", e);
            e.printStackTrace(System.out);
        }
    }
}
