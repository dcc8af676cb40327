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
        var tally = new Tally();
        var interrupted = new Thread(tally::tell, "tally");
        Runtime.getRuntime().addShutdownHook(interrupted);
        for (var seed = options.from();
                seed <= options.to() && tally.seconds() < options.longest().toSeconds();
                seed++) {
            try (var world = new World(seed, options.salt(), options.faults(), options.verbose())) {
                tally.add(world.run());
            } catch (BrokenInvariantException e) {
                tally.broken(seed);
                show(seed, e, options.faults().isEmpty());
            } catch (RuntimeException e) { // of the simulation itself: nobody else would tell
                tally.broken(seed);
                System.out.printf("seed %d: %s%n", seed, e);
                e.printStackTrace(System.out);
            }
        }
        Runtime.getRuntime().removeShutdownHook(interrupted);
        tally.tell();
        return tally.isClean();
    }

    /// What has been run, told at the end, also at one that somebody makes.
    private static final class Tally {
        private final long began = System.nanoTime();
        private final Thread runner = Thread.currentThread();
        private final List<Long> broken = new ArrayList<>();
        private long worlds;
        private long points;
        private long steps;

        private long seconds() {
            return (System.nanoTime() - began) / 1_000_000_000;
        }

        private synchronized void add(World.Outcome outcome) {
            worlds++;
            points += outcome.points();
            steps += outcome.steps();
        }

        private synchronized void broken(long seed) {
            worlds++;
            broken.add(seed);
        }

        private synchronized boolean isClean() {
            return broken.isEmpty();
        }

        private synchronized void tell() {
            System.out.printf(
                    "%d worlds, %d broken %s, %d points, %d steps, %d s, %d s of processor time%n",
                    worlds,
                    broken.size(),
                    broken,
                    points,
                    steps,
                    seconds(),
                    ManagementFactory.getThreadMXBean().getThreadCpuTime(runner.threadId())
                            / 1_000_000_000);
        }
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
