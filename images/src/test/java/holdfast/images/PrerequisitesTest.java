package holdfast.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Processes;
import holdfast.images.Prerequisites.Requirement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PrerequisitesTest {
    private static final Requirement PRESENT = new Requirement("dash", "sh");
    private static final Requirement ABSENT = new Requirement("first", "no-such-program");
    private static final Requirement ABSENT_FILE = new Requirement("second", "/no/such/file");

    @Test
    void whatIsMissingIsSaidInOneLineWithTheCommand() {
        var prerequisites = new Prerequisites(List.of(PRESENT, ABSENT, ABSENT_FILE, ABSENT));

        assertThat(prerequisites.missing()).containsExactly("first", "second");
        assertThat(prerequisites.complaint())
                .contains(
                        "missing: first, second; run: sudo apt-get install -y -qq"
                                + " --no-install-recommends first second");
        assertThat(new Prerequisites(List.of(PRESENT)).complaint()).isEmpty();
    }

    @Test
    void anotherSystemThanDebianIsToldSo() {
        var apt = new Requirement("apt", "no-such-apt-get");

        assertThat(new Prerequisites(List.of(apt, ABSENT)).complaint().orElseThrow())
                .startsWith("apt-get not found")
                .contains("Debian 12 or later");
    }

    @Test
    void anOldPackageIndexIsRefreshedOnce() throws Exception {
        assumeTrue(Programs.locate("apt-get").isPresent(), "not a Debian system");
        var apt = new FakeApt(1);
        var said = new ArrayList<String>();

        new Prerequisites(List.of(PRESENT, ABSENT)).install(apt, said::add);

        var install = "install -y -qq --no-install-recommends first";
        assertThat(apt.asked).containsExactly(install, "update -qq", install);
        assertThat(said).containsExactly("installing first");
    }

    @Test
    void anInstallationThatFailsSaysWhatAptSaid() {
        assumeTrue(Programs.locate("apt-get").isPresent(), "not a Debian system");
        var apt = new FakeApt(Integer.MAX_VALUE);

        assertThatThrownBy(() -> new Prerequisites(List.of(ABSENT)).install(apt, _ -> {}))
                .isInstanceOf(IOException.class)
                .hasMessage("apt-get ended with status 100: E: not as root");
    }

    @Test
    void nothingIsDoneWhereNothingIsMissing() throws Exception {
        var apt = new FakeApt(0);

        new Prerequisites(List.of(PRESENT)).install(apt, _ -> {});

        assertThat(apt.asked).isEmpty();
    }

    /// Fails as often as told, then succeeds.
    private static final class FakeApt implements Processes {
        private final List<String> asked = new ArrayList<>();
        private int failures;

        FakeApt(int failures) {
            this.failures = failures;
        }

        @Override
        public Process start(ProcessBuilder builder) throws IOException {
            var command = builder.command();
            asked.add(String.join(" ", command.subList(1, command.size())));
            assertThat(builder.environment()).containsKey("LC_ALL");
            var fails = failures-- > 0;
            return builder.command("sh", "-c", fails ? "echo 'E: not as root'; exit 100" : "exit 0")
                    .start();
        }

        @Override
        public Optional<ProcessHandle> find(long pid) {
            return Optional.empty();
        }
    }
}
