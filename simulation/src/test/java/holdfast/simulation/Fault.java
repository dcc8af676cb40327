package holdfast.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// One thing that goes wrong.
///
/// @param atNanos when
/// @param kind what
/// @param machine which source machine, where it matters
/// @param amount how much: steps, or milliseconds
record Fault(long atNanos, Kind kind, int machine, long amount) {
    /// What can go wrong.
    enum Kind {
        KILL_AGENT,
        KILL_SERVER,
        CUT_POWER_OF_SERVER,
        CUT_POWER_AFTER_FLUSH,
        CUT_POWER_AFTER_SYNC,
        CUT_POWER_OF_SOURCE,
        CUT_NETWORK_OF_SERVER,
        CUT_NETWORK_OF_SOURCE,
        SLOW_NETWORK,
        RESET_CONNECTIONS,
        RESET_ONE_SIDE,
        FORGET_CONNECTIONS,
        SET_CLOCK_OF_SERVER,
        SET_CLOCK_OF_SOURCE,
        FILL_DISK,
        FAIL_SYNCS,
        SLOW_DISK_OF_SERVER,
        SLOW_DISK_OF_SOURCE,
        LOSE_EVENTS,
        MISDIRECT_READS_OF_SERVER,
        ROT,
        ROT_MAP,
        KILL_FAILBACK_CLIENT,
        CUT_POWER_OF_HOME,
        CUT_NETWORK_OF_HOME,
        MISDIRECT_WRITES_OF_HOME;

        boolean isAtHome() {
            return compareTo(KILL_FAILBACK_CLIENT) >= 0;
        }
    }

    /// In one world of six bytes rot or are read from elsewhere; in one of four clocks are set.
    ///
    /// @param home whether an instance comes home
    static List<Fault> plan(
            SplittableRandom random, int machines, boolean home, long durationNanos) {
        var kinds = new ArrayList<>(List.of(Kind.values()));
        if (random.nextInt(6) > 0) {
            kinds.remove(Kind.ROT);
            kinds.remove(Kind.ROT_MAP);
            kinds.remove(Kind.MISDIRECT_READS_OF_SERVER);
        }
        if (!home) {
            kinds.removeIf(Kind::isAtHome);
        }
        if (random.nextInt(4) > 0) {
            kinds.remove(Kind.SET_CLOCK_OF_SERVER);
            kinds.remove(Kind.SET_CLOCK_OF_SOURCE);
        }
        var faults = new ArrayList<Fault>();
        for (var i = random.nextInt(13); i > 0; i--) {
            faults.add(
                    new Fault(
                            random.nextLong(durationNanos),
                            kinds.get(random.nextInt(kinds.size())),
                            random.nextInt(machines),
                            random.nextLong(Duration.ofSeconds(30).toMillis())));
        }
        faults.sort(java.util.Comparator.comparingLong(Fault::atNanos));
        return List.copyOf(faults);
    }

    @Override
    public String toString() {
        return String.format("%.3f s %s %d %d", atNanos / 1e9, kind, machine, amount);
    }
}
