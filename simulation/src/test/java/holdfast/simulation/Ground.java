package holdfast.simulation;

import holdfast.base.RandomSource;
import java.util.Optional;
import java.util.SplittableRandom;

/// What everything in a world stands on: clock and threads, the network, random numbers of the
/// seed, and who is told when an invariant breaks.
final class Ground {
    final Scheduler scheduler;
    final SimNetwork network;
    final SplittableRandom random;
    private final boolean verbose;
    private int processCount;
    private Optional<RuntimeException> broken = Optional.empty();

    /// @param verbose whether to print what is logged
    Ground(SplittableRandom random, boolean verbose) {
        this.random = random;
        this.scheduler = new Scheduler(random.split());
        this.network = new SimNetwork(scheduler, random.split());
        this.verbose = verbose;
    }

    SimProcess process(SimHost host, String name) {
        return new SimProcess(scheduler, host, name, ++processCount);
    }

    /// The files of a machine as a process sees them.
    SimFiles files(SimProcess process) {
        var host = process.host();
        return new SimFiles(scheduler, process, host.disk, host.diskState, random.split());
    }

    /// For a process: nobody else draws from it.
    RandomSource randomSource() {
        var own = random.split();
        return own::nextBytes;
    }

    void log(String what) {
        if (verbose) {
            System.out.printf("%10.6f  %s%n", scheduler.nanos() / 1e9, what);
        }
    }

    /// The world ends with this; what comes after the first is not told.
    void broke(RuntimeException why) {
        if (broken.isEmpty()) {
            broken = Optional.of(why);
        }
    }

    Optional<RuntimeException> broken() {
        return broken;
    }

    /// A thread has died.
    void died(Thread thread, Throwable of) {
        broke(
                of instanceof BrokenInvariantException invariant
                        ? invariant
                        : new BrokenInvariantException(
                                        Invariant.NO_THREAD_DIES, thread.getName() + ": " + of)
                                .because(of));
    }
}
