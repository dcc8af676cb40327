package holdfast.failback;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With shells as clients.
class SupervisorTest {
    private static final String DONE =
            new ClientEvent.Done(new Outcome.Completed("i-1", 1, 2, "all is well")).text();
    private static final String GAVE_UP = new ClientEvent.GaveUp("no-luck", "none", 3).text();

    @TempDir private Path folder;
    private final FastTime time = new FastTime();
    private final ByteArrayOutputStream events = new ByteArrayOutputStream();
    private Path starts;

    /// Passes when somebody waits, and at each look.
    private static final class FastTime implements TimeSource {
        private Duration perLook = Duration.ZERO;
        private Duration slept = Duration.ZERO;
        private long nanos;

        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanoTime());
        }

        @Override
        public long nanoTime() {
            nanos += perLook.toNanos();
            return nanos;
        }

        @Override
        public void sleep(Duration duration) {
            slept = slept.plus(duration);
            nanos += duration.toNanos();
        }
    }

    @BeforeEach
    void prepare() {
        starts = folder.resolve("starts");
    }

    /// @param script run after what each start was told was noted
    private ClientEvent.Ended supervise(String script) throws Exception {
        var settings =
                new FailbackSettings(
                        folder,
                        Optional.of("https://there:8443"),
                        "https://localhost:8443",
                        Optional.empty(),
                        Optional.of("AKIA"),
                        Optional.of("secret"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("i-1"),
                        Optional.empty(),
                        ValueFormat.DEV_NAME,
                        false,
                        false);
        var noted = "read -r settings; echo \"$settings\" >> " + starts + "; ";
        return new Supervisor(Processes.system(), time, List.of("/bin/sh", "-c", noted + script))
                .run(
                        new ByteArrayInputStream(
                                SettingsText.of(settings).getBytes(StandardCharsets.UTF_8)),
                        events,
                        failure -> new ClientEvent.GaveUp("failed", failure.getMessage(), 1));
    }

    private String told() {
        return events.toString(StandardCharsets.UTF_8);
    }

    private String onlyAtStart(int number, String then) {
        return "[ $(wc -l < " + starts + ") = " + number + " ] && " + then + "; ";
    }

    @Test
    void aClientThatDiesIsStartedAgainAsItWas() throws Exception {
        var ended =
                supervise(
                        onlyAtStart(1, "kill -9 $$")
                                + onlyAtStart(2, "printf '{\"line\":\"cut o' && exit 4")
                                + "echo '"
                                + DONE
                                + "'");

        assertThat(ended).isInstanceOf(ClientEvent.Done.class);
        assertThat(Files.readAllLines(starts)).hasSize(3);
        assertThat(Files.readAllLines(starts).stream().distinct())
                .singleElement()
                .satisfies(line ->
                        assertThat(SettingsText.parse(line).secretAccessKey()).contains("secret"));
        assertThat(told())
                .contains("the client has died of signal 9; it starts again in 1 s")
                .contains("ended with status 4 and without a word; it starts again in 2 s")
                .endsWith(DONE + "\n");
    }

    @Test
    void oneThatAlwaysDiesIsGivenUp() throws Exception {
        var ended = supervise("kill -11 $$");

        assertThat(Files.readAllLines(starts)).hasSize(Supervisor.DEATHS_MAX);
        assertThat(ended.text())
                .contains("has died of signal 11, 5 times in a row")
                .contains("holdfast failback");
        assertThat(told()).endsWith(ended.text() + "\n");
        assertThat(time.slept).isEqualTo(Duration.ofSeconds(1 + 2 + 3 + 4));
    }

    @Test
    void deathsFarApartAreNotInARow() throws Exception {
        time.perLook = Duration.ofMinutes(2);
        var ended = supervise(onlyAtStart(9, "echo '" + DONE + "' && exit 0") + "kill -9 $$");

        assertThat(ended).isInstanceOf(ClientEvent.Done.class);
        assertThat(Files.readAllLines(starts)).hasSize(9);
    }

    @Test
    void oneThatSaysHowItEndedIsNotStartedAgain() throws Exception {
        var ended = supervise("echo '" + GAVE_UP + "'; exit 3");

        assertThat(ended.text()).isEqualTo(GAVE_UP);
        assertThat(Files.readAllLines(starts)).hasSize(1);
    }

    @Test
    void oneThatFindsItsFolderLockedComesAgain() throws Exception {
        var locked = new ClientEvent.GaveUp(FailbackDirectory.LOCKED, "in use", 3).text();
        var times = Supervisor.DEATHS_MAX + 1;
        var ended =
                supervise(
                        "[ $(wc -l < "
                                + starts
                                + ") -le "
                                + times
                                + " ] && echo '"
                                + locked
                                + "' && exit 3; echo '"
                                + DONE
                                + "'");

        assertThat(ended).isInstanceOf(ClientEvent.Done.class);
        assertThat(Files.readAllLines(starts)).hasSize(times + 1);
        assertThat(told())
                .containsOnlyOnce("another `holdfast failback` has the folder open")
                .doesNotContain("in use");
    }
}
