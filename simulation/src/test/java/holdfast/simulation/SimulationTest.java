package holdfast.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Some worlds for every build; `simulation/run` runs as many as one has time for.
class SimulationTest {
    private static final Logger QUIET = Logger.getLogger("holdfast");

    @BeforeAll
    static void logNothing() {
        QUIET.setLevel(Level.OFF);
    }

    /// To the end, where the server closes in order and interrupts what still waits.
    @Test
    void aSeedRepeatsItsWorld() {
        for (var seed = 2L; seed <= 3; seed++) {
            assertThat(run(seed)).as("seed %d", seed).isEqualTo(run(seed));
        }
        assertThat(run(2).trace()).isNotEqualTo(run(3).trace());
    }

    @Test
    void nothingThatIsPromisedBreaks() {
        var points = 0;
        for (var seed = 1L; seed <= 50; seed++) {
            points += run(seed).points();
        }
        assertThat(points).isGreaterThan(2_500);
    }

    /// The code that each of them changes is still there.
    @Test
    void everyDeliberateBugCanBeMade() throws Exception {
        for (var bug : Mutations.all()) {
            var mutated = new MutatedClasses(bug);
            assertThat(mutated.loadClass(bug.className())).as(bug.name()).isNotNull();
        }
    }

    /// Each of them within a few dozen worlds.
    @Test
    @Tag("long")
    void everyDeliberateBugIsFound() throws Exception {
        for (var bug : Mutations.all()) {
            assertThat(new MutatedClasses(bug).firstFinding(Mutations.SEEDS))
                    .as(bug.name())
                    .isPresent();
        }
    }

    /// Those that need no rare fault.
    @Test
    void theCommonestDeliberateBugsAreFound() throws Exception {
        for (var bug : Mutations.all()) {
            if (Mutations.QUICKLY_FOUND.contains(bug.name())) {
                assertThat(new MutatedClasses(bug).firstFinding(3)).as(bug.name()).isPresent();
            }
        }
    }

    /// Of all that happens in the world that finds this bug, little is to blame.
    @Test
    void aFailureShrinksToTheFaultsThatItTakesAndRepeats() throws Exception {
        var bug =
                Mutations.all().stream()
                        .filter(one -> one.name().equals("acknowledge before the sync"))
                        .findFirst()
                        .orElseThrow();
        var finding = new MutatedClasses(bug).firstSeed(Mutations.SEEDS).orElseThrow();
        var told = new MutatedClasses(bug).shrink(finding.seed());
        var faults = told.subList(0, told.size() - 2);
        assertThat(faults)
                .as("seed %d takes", finding.seed())
                .hasSizeBetween(1, 3)
                .anyMatch(fault -> fault.contains("CUT_POWER"));
        assertThat(told.getLast()).isEqualTo(told.get(told.size() - 2));
    }

    private static World.Outcome run(long seed) {
        try (var world = new World(seed, false)) {
            return world.run();
        } catch (BrokenInvariantException e) {
            throw new AssertionError(
                    "seed "
                            + seed
                            + ": "
                            + e.getMessage()
                            + "; again: simulation/run --seeds "
                            + seed
                            + ".."
                            + seed
                            + " --verbose",
                    e);
        }
    }
}
