package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Two disks of one server under load; points at random instants are recovered all the while and
/// held against what was acknowledged.
///
/// One minute unless `-Dholdfast.torture.minutes` says otherwise.
class TortureTest {
    private static final Duration RUN =
            Duration.ofMinutes(Integer.getInteger("holdfast.torture.minutes", 1));
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());
    private static final Duration BLIND_MAX = Duration.ofMinutes(5);

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void everyPointHoldsWhatWasAcknowledgedBeforeIt() throws Exception {
        System.out.println("torture: seed " + SEED + ", " + RUN);
        try (var lab = Lab.open("torture")) {
            var disks = TwoDisks.make(lab);
            var agent = protect(lab, disks);
            assertThat(faultsUnderLoad(lab, disks, RUN)).as("seed %d", SEED).isEmpty();
            for (var disk : disks.disks()) {
                disk.quiesce();
            }
            assertThatVolumesEqualDisks(lab, agent, disks.disks());
        }
    }

    /// That the check above can fail.
    @Test
    void withoutValidationPointsAreWrong() throws Exception {
        var blind = Program.java(BlindAgent.class.getName());
        try (var lab = Lab.open("blind", blind)) {
            var disks = TwoDisks.make(lab);
            protect(lab, disks);
            var faults = faultsUnderLoad(lab, disks, BLIND_MAX);
            assertThat(faults).as("seed %d", SEED).isNotEmpty();
            System.out.println("torture: without validation " + faults);
        }
    }

    private static Process protect(Lab lab, TwoDisks disks)
            throws IOException, InterruptedException {
        lab.installation.startServer();
        var agent = lab.installation.startAgent(disks.options());
        lab.installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(5));
        return agent;
    }

    /// Checks points until one has a fault or the time is over.
    private List<String> faultsUnderLoad(Lab lab, TwoDisks disks, Duration run) throws Exception {
        try (var loaded = disks.load("2m")) {
            var begun = lab.time.now();
            var checked = new HashSet<String>();
            for (var now = begun;
                    Duration.between(begun, now).compareTo(run) < 0;
                    now = lab.time.now()) {
                lab.time.sleep(Duration.ofMillis(random.nextLong(1000)));
                var age = random.nextLong(Duration.between(begun, now).toMillis() + 1);
                var point = lab.installation.point(now.minusMillis(age));
                if (!checked.add(point.id())) {
                    continue;
                }
                var faults = loaded.faults(point);
                if (!faults.isEmpty()) {
                    return faults;
                }
            }
            assertThat(loaded.isLoaded()).isTrue();
            assertThat(checked).as("points checked").isNotEmpty();
            System.out.println("torture: " + checked.size() + " points hold");
            return List.of();
        }
    }

    private static void assertThatVolumesEqualDisks(
            Lab lab, Process agent, List<ProtectedDisk> disks) throws Exception {
        var quiet = lab.time.now();
        var point = lab.installation.awaitPointAfter(quiet, agent, Duration.ofMinutes(5));
        for (var disk : disks) {
            var image = lab.directory.resolve("quiesced.raw");
            lab.installation.export(disk.device(), point, image);
            lab.commands.output("cmp", image.toString(), disk.device().toString());
            Files.delete(image);
        }
    }
}
