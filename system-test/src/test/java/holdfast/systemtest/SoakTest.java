package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Server and agent under load for hours, with a window so short that data ages out all the while:
/// points hold to the end, and neither process grows. Both are started by the launcher, so with the
/// memory options that users have, and with caches that are full after a while.
///
/// Two hours unless `-Dholdfast.soak.minutes` says otherwise.
@Tag("long")
class SoakTest {
    private static final Duration RUN =
            Duration.ofMinutes(Integer.getInteger("holdfast.soak.minutes", 120));
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());
    private static final Duration WINDOW = Duration.ofMinutes(5);
    private static final Duration SAMPLE_EVERY = Duration.ofSeconds(30);
    private static final int SAMPLES_BETWEEN_CHECKS = 4;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void hoursOfLoadLeaveNothingBehind() throws Exception {
        System.out.println("soak: seed " + SEED + ", " + RUN);
        try (var lab = Lab.open("soak")) {
            var disks = TwoDisks.make(lab);
            Files.createDirectories(lab.installation.data());
            Files.writeString(
                    lab.installation.data().resolve("holdfast.properties"),
                    """
                    journal-window=%dm
                    snapshot-policy=1m/10m 10m/30m
                    scrub-every=15m
                    extent-cache=16m
                    map-cache=2m
                    """
                            .formatted(WINDOW.toMinutes()));
            var server = lab.installation.startServer();
            var agent = lab.installation.startAgent(disks.options());
            lab.installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(5));
            var ofServer = new ArrayList<Vitals>();
            var ofAgent = new ArrayList<Vitals>();
            var checked = 0;
            try (var loaded = disks.load("1m")) {
                var begun = lab.time.now();
                for (var now = begun;
                        Duration.between(begun, now).compareTo(RUN) < 0;
                        now = lab.time.now()) {
                    lab.time.sleep(SAMPLE_EVERY);
                    ofServer.add(Vitals.of(server, lab.commands));
                    ofAgent.add(Vitals.of(agent, lab.commands));
                    System.out.printf(
                            "soak: %s server %s agent %s%n",
                            now, ofServer.getLast(), ofAgent.getLast());
                    if (ofServer.size() % SAMPLES_BETWEEN_CHECKS == 0) {
                        var oldest =
                                Math.min(
                                        WINDOW.toMillis() / 2,
                                        Duration.between(begun, lab.time.now()).toMillis());
                        var age = random.nextLong(oldest);
                        var point = lab.installation.point(lab.time.now().minusMillis(age));
                        assertThat(loaded.faults(point)).as("seed %d", SEED).isEmpty();
                        checked++;
                    }
                }
                assertThat(loaded.isLoaded()).isTrue();
            }
            System.out.println("soak: " + checked + " points hold");
            assertThat(Vitals.growth(ofServer)).as("server, %s", ofServer).isEmpty();
            assertThat(Vitals.growth(ofAgent)).as("agent, %s", ofAgent).isEmpty();
        }
    }
}
