package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootWatchTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @TempDir private Path host;
    private MachineDirectory directory;
    private final FakeTime time = new FakeTime();
    private final List<String> told = new ArrayList<>();

    @BeforeEach
    void makeMachine() throws IOException {
        directory = MachineDirectory.of(host, "ri-1");
        Files.createDirectories(directory.work());
        Files.createDirectories(directory.evidence());
    }

    @Test
    void aSilentMachineIsWaitedForAsLongAsAskedAndNotLonger() throws Exception {
        var outcome = watch(running(Integer.MAX_VALUE));

        assertThat(outcome)
                .isEqualTo(
                        new BootWatch.Outcome(
                                false,
                                "no sign of a boot within 60 s; its serial console said nothing"));
        assertThat(time.passed()).isBetween(TIMEOUT, TIMEOUT.plusSeconds(1));
    }

    @Test
    void whatTheConsoleSaidLastIsTold() throws Exception {
        Files.writeString(directory.consoleLog(), "Loading Linux ...\r\n[ 0.1] stuck\r\n");

        assertThat(watch(running(Integer.MAX_VALUE)).evidence())
                .isEqualTo(
                        "no sign of a boot within 60 s; its serial console said last: \"[ 0.1] stuck\"");
        assertThat(told).containsExactly("[ 0.1] stuck");
    }

    @Test
    void theLastWordsOfAMachineThatEndsAreHeard() throws Exception {
        var subject =
                new Subject() {
                    @Override
                    public boolean running() throws IOException {
                        Files.writeString(directory.consoleLog(), "web1 login: ");
                        return false;
                    }
                };

        assertThat(watch(subject))
                .isEqualTo(
                        new BootWatch.Outcome(
                                true, "login prompt on the serial console: \"web1 login:\""));
    }

    @Test
    void aMachineThatEndsIsNotWaitedFor() throws Exception {
        assertThat(watch(running(20)).evidence()).startsWith("the machine ended; ");
        assertThat(time.passed()).isLessThan(Duration.ofSeconds(3));
    }

    @Test
    void aBiosWithoutADiskEndsTheWait() throws Exception {
        Files.writeString(directory.firmwareLog(), "SeaBIOS (version 1)\nNo bootable device.\n");

        assertThat(watch(running(Integer.MAX_VALUE)))
                .isEqualTo(
                        new BootWatch.Outcome(
                                false, "the machine came to a halt: \"No bootable device.\""));
    }

    /// The port of the BIOS' log is open to the guest's root, so it proves nothing.
    @Test
    void aPromptInTheFirmwareLogIsNoProof() throws Exception {
        Files.writeString(directory.firmwareLog(), "web1 login: ");

        assertThat(watch(running(Integer.MAX_VALUE)).proven()).isFalse();
    }

    @Test
    void aHaltedMachineIsResumedAgainAndAgain() throws Exception {
        var halted =
                new Subject() {
                    int resumed;

                    @Override
                    public boolean resume() {
                        resumed++;
                        return true;
                    }
                };

        watch(halted);

        assertThat(halted.resumed).isBetween(20, 30); // every two seconds
        assertThat(told).containsExactly("halted by an error of a disk; resumed");
    }

    @Test
    void aGuestThatNeverStopsTalkingIsNotListenedToForEver() throws Exception {
        Files.createFile(directory.consoleLog());
        var chatterbox =
                new Subject() {
                    @Override
                    public boolean running() throws IOException {
                        Files.writeString(
                                directory.consoleLog(),
                                "x".repeat(1 << 20),
                                StandardOpenOption.APPEND);
                        return true;
                    }
                };

        assertThat(watch(chatterbox, Duration.ofSeconds(2)).proven()).isFalse();
    }

    @Test
    void aLogThatAGuestFillsIsCutBackToItsBeginning() throws IOException {
        try (var file = new RandomAccessFile(directory.consoleLog().toFile(), "rw")) {
            file.setLength(GrowingLog.BYTES_MAX);
            GrowingLog.bound(Filesystem.local(), directory.consoleLog());
            assertThat(file.length()).isEqualTo(GrowingLog.BYTES_MAX);
            file.setLength(GrowingLog.BYTES_MAX + 1);
            GrowingLog.bound(Filesystem.local(), directory.consoleLog());
            assertThat(file.length()).isEqualTo(GrowingLog.BYTES_KEPT);
        }
    }

    private BootWatch.Outcome watch(BootWatch.Subject subject) throws Exception {
        return watch(subject, TIMEOUT);
    }

    private BootWatch.Outcome watch(BootWatch.Subject subject, Duration timeout) throws Exception {
        try (var watch =
                new BootWatch(
                        Filesystem.local(),
                        Network.system(),
                        time,
                        directory,
                        subject,
                        told::add)) {
            return watch.await(timeout);
        }
    }

    private static BootWatch.Subject running(int looks) {
        return new Subject() {
            private int looked;

            @Override
            public boolean running() {
                return looked++ < looks;
            }
        };
    }

    /// A machine that runs and is not halted.
    private static class Subject implements BootWatch.Subject {
        @Override
        public boolean running() throws IOException {
            return true;
        }

        @Override
        public boolean resume() {
            return false;
        }
    }
}
