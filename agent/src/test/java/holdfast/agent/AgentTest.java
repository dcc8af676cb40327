package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Blocks;
import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RefusalException;
import holdfast.replication.SessionControl;
import holdfast.replication.SessionEndedException;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/// The whole agent, with an image file for a disk, but for tracker and link.
class AgentTest {
    private static final int BLOCKS = 512;

    @TempDir Path directory;

    private final FakeTime time = new FakeTime();
    private final List<List<TrackedDisk>> opened = new ArrayList<>();
    private FakeMachine machine;
    private FakeReplicator replicator;
    private AgentSeams.Links links = (_, _, _, _) -> replicator.open();
    private Path image;
    private TestInstallation installation;

    @BeforeAll
    static void quiet() {
        Rig.beQuiet();
    }

    @BeforeEach
    void enrolled() throws IOException {
        image = directory.resolve("disk.img");
        Files.write(image, new byte[BLOCKS * Blocks.BLOCK_BYTES]);
        machine = new FakeMachine(time, new SplittableRandom(1), BLOCKS);
        replicator = new FakeReplicator(machine);
        installation = TestInstallation.create(directory.resolve("data"), time);
        try (var state = StateDirectory.open(Filesystem.local(), stateDirectory())) {
            state.enrolled(
                    new StateDirectory.Enrolled(
                            installation.agent("srv-1"), "replicator:1500", Optional.empty()));
        }
    }

    @Test
    void replicatesAnImageFile() throws Exception {
        var contents = new long[BLOCKS];
        Arrays.setAll(contents, block -> block % 5 == 0 ? 0 : block);
        writeImage(contents);
        var agent = agent();
        stopAtPoint(agent, 3);
        agent.run();
        assertThat(replicator.stable[0]).isEqualTo(contents);
    }

    @Test
    void connectsAgainForEverWithGrowingPauses() throws Exception {
        var attempts = new int[1];
        var agent = agent();
        links =
                (_, _, _, _) -> {
                    if (++attempts[0] == 15) {
                        stop(agent);
                    }
                    throw new IOException("connection refused");
                };
        agent.run();
        var expectedMillis = 500L;
        for (var pause : time.sleeps.subList(0, 14)) {
            assertThat(pause)
                    .isBetween(
                            Duration.ofMillis(expectedMillis / 2),
                            Duration.ofMillis(expectedMillis));
            expectedMillis = Math.min(expectedMillis * 2, 30_000);
        }
    }

    @Test
    void aStoppedServersAgentTracksOnAndAsksAgainWhenTold() throws Exception {
        var agent = agent();
        links =
                (_, _, _, _) -> {
                    if (time.sleeps.size() == 3) {
                        stop(agent);
                    }
                    throw new SessionEndedException(
                            SessionControl.STOPPED, "stopped", Duration.ofMinutes(2));
                };
        agent.run();
        assertThat(time.sleeps.subList(0, 3)).containsOnly(Duration.ofMinutes(2));
        assertThat(opened).as("times the tracker was opened").hasSize(1);
        assertThat(stateDirectory()).exists();
    }

    /// The word may come when a session is asked for, or as the cause that ended one.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDisconnectedServersAgentUninstallsItself(boolean wrapped) throws Exception {
        links =
                (_, _, _, _) -> {
                    var word =
                            new SessionEndedException(
                                    SessionControl.DISCONNECTED, "not wanted", Duration.ZERO);
                    throw wrapped ? new IOException(word.getMessage(), word) : word;
                };
        agent().run();
        assertThat(stateDirectory()).doesNotExist();
    }

    @Test
    void aRoundThatIsAcknowledgedEndsTheBackingOff() throws Exception {
        var attempts = new int[1];
        var agent = agent();
        replicator.whenRound = () -> replicator.deathPerMille = 1000;
        links =
                (_, _, _, _) -> {
                    switch (++attempts[0]) {
                        case 10 -> {
                            replicator.deathPerMille = 0;
                            replicator.whenRound =
                                    () -> {
                                        if (replicator.rounds > 3) {
                                            replicator.deathPerMille = 1000;
                                        }
                                    };
                            return replicator.open();
                        }
                        case 11 -> stop(agent);
                        default -> {}
                    }
                    throw new IOException("connection refused");
                };
        agent.run();
        assertThat(time.sleeps.get(8)).isGreaterThan(Duration.ofSeconds(10));
        assertThat(time.sleeps.subList(9, time.sleeps.size()))
                .anyMatch(pause -> pause.compareTo(Duration.ofMillis(500)) <= 0);
    }

    @Test
    void theStatusSaysWhyThereIsNoLinkAndWhenTheNextIsTried() throws Exception {
        var answers = new ArrayList<String>();
        var agent = agent();
        links =
                (_, _, _, _) -> {
                    throw new IOException("connection refused");
                };
        time.whenSlept =
                () -> {
                    if (answers.isEmpty()) {
                        answers.add(ask());
                        stop(agent);
                    }
                };
        agent.run();
        var waiting = JsonMapper.shared().readTree(answers.getFirst());
        assertThat(waiting.required("serverId").stringValue()).isEqualTo("srv-1");
        assertThat(waiting.required("tracker").stringValue()).isEqualTo("a fake");
        var link = waiting.required("link");
        assertThat(link.required("state").stringValue()).isEqualTo("WAITING");
        assertThat(link.required("reason").stringValue()).isEqualTo("connection refused");
        assertThat(link.required("nextAttempt").stringValue()).startsWith("1970-01-01T00:16:40");
        assertThat(waiting.required("lastPoint").isNull()).isTrue();
    }

    /// Whether it comes into the last third while it is connected or was off till then: it renews
    /// over the link that there is, says so, and shows the new certificate by the next link.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Timeout(60)
    void aRunningAgentRenewsItsCertificateAndShowsItByTheNextLink(boolean wasOff) throws Exception {
        replicator.renewals =
                request -> CompletableFuture.completedFuture(installation.renew(request, "srv-1"));
        var off = Duration.ofDays(364);
        var until = time.now().plus(off).plus(Duration.ofDays(365)).truncatedTo(ChronoUnit.DAYS);
        if (wasOff) {
            time.advance(off);
        }
        var shown = new ArrayList<Instant>();
        var agent = agent();
        replicator.whenRound =
                () -> {
                    if (!wasOff && replicator.rounds == 1) {
                        time.advance(off);
                        return;
                    }
                    while (expiresAt().isBefore(until)) {
                        Thread.yield(); // the renewal has a thread of its own
                    }
                    replicator.deathPerMille = 1000;
                };
        links =
                (identity, _, _, _) -> {
                    shown.add(identity.expiresAt());
                    if (shown.size() == 2) {
                        stop(agent);
                        throw new IOException("enough");
                    }
                    return replicator.open();
                };
        agent.run();
        assertThat(shown.getFirst()).isBefore(until.minus(Duration.ofDays(360)));
        assertThat(shown.get(1)).isAfterOrEqualTo(until);
        try (var state = StateDirectory.open(Filesystem.local(), stateDirectory())) {
            assertThat(state.enrolled().orElseThrow().identity().expiresAt())
                    .isEqualTo(shown.get(1));
        }
    }

    private Instant expiresAt() {
        var certificate = JsonMapper.shared().readTree(ask()).required("certificate");
        return Instant.parse(certificate.required("expiresAt").stringValue());
    }

    @Test
    void anAgentThatWasOffPastTheEndOfItsCertificateIsToldToEnrolAgain() {
        time.advance(Duration.ofDays(366));
        assertThatThrownBy(() -> agent().run())
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo("certificate-invalid"))
                .hasMessageContaining("certificate of 'srv-1' expired at")
                .hasMessageContaining("to enrol again, delete that file");
    }

    @Test
    void aResizedDiskIsOpenedAnew() throws Exception {
        var agent = agent();
        replicator.whenRound =
                () -> {
                    if (replicator.rounds == 2) {
                        grow(2 * BLOCKS);
                    }
                };
        links =
                (_, _, _, disks) -> {
                    if (opened.size() == 2) {
                        assertThat(disks.getFirst().sizeBytes())
                                .isEqualTo(2L * BLOCKS * Blocks.BLOCK_BYTES);
                        stop(agent);
                        throw new IOException("enough");
                    }
                    return replicator.open();
                };
        agent.run();
        assertThat(opened).hasSize(2);
        assertThat(opened.get(1).getFirst().sizeBytes())
                .isEqualTo(2L * BLOCKS * Blocks.BLOCK_BYTES);
    }

    @Test
    void twoAgentsDoNotShareAStateDirectory() throws Exception {
        try (var _ = StateDirectory.open(Filesystem.local(), stateDirectory())) {
            assertThatThrownBy(() -> agent().run())
                    .isInstanceOf(RefusalException.class)
                    .hasMessageContaining("in use by another agent");
        }
    }

    @Test
    void withoutAnIdentityATokenIsAskedFor() {
        var settings = settings(directory.resolve("fresh"), image);
        assertThatThrownBy(() -> new Agent(settings, seams()).run())
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("give --server and --token");
    }

    @Test
    void disksThatCannotBeProtectedAreRefusedBeforeAnythingElse() throws Exception {
        var small = Files.write(directory.resolve("small.img"), new byte[4096]);
        assertRefused(small, "1 MiB or more");
        assertRefused(directory.resolve("none.img"), "there is no disk");
        assertRefused(directory, "neither a block device nor an image file");
        assertThatThrownBy(() -> new DiskProbe(SourceDisks.local()).probe(List.of(image, image)))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("are the same disk");
        assertThat(opened).isEmpty();
    }

    @Test
    void nobodyToAskIsSaidWithWhatToCheck() {
        assertThatThrownBy(() -> Agent.status(Network.system(), directory.resolve("nowhere")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no agent answers at")
                .hasMessageContaining("is it running");
    }

    private void assertRefused(Path disk, String why) {
        assertThatThrownBy(() -> new Agent(settings(stateDirectory(), disk), seams()).run())
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(disk.toString())
                .hasMessageContaining(why);
    }

    private String ask() {
        try {
            return Agent.status(Network.system(), stateDirectory());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void stopAtPoint(Agent agent, int count) {
        var points = new int[1];
        replicator.whenPoint =
                () -> {
                    if (++points[0] == count) {
                        stop(agent);
                    }
                };
    }

    /// From another thread, as a signal's handler would.
    private static void stop(Agent agent) {
        var _ = CompletableFuture.runAsync(agent::stop);
    }

    private Agent agent() {
        return new Agent(settings(stateDirectory(), image), seams());
    }

    private Path stateDirectory() {
        return directory.resolve("state");
    }

    private static AgentSettings settings(Path stateDirectory, Path disk) {
        return new AgentSettings(
                stateDirectory,
                List.of(disk),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                AgentSettings.Pacing.USUAL,
                AgentSettings.Resources.USUAL);
    }

    private AgentSeams seams() {
        return new AgentSeams(
                time,
                bytes -> Arrays.fill(bytes, (byte) 3),
                Filesystem.local(),
                Network.system(),
                SourceDisks.local(),
                Path.of("/"),
                "0.1",
                disks -> {
                    opened.add(disks);
                    return machine.tracker();
                },
                (identity, address, facts, disks) -> {
                    assertThat(identity.name()).isEqualTo("srv-1");
                    assertThat(address).isEqualTo("replicator:1500");
                    return links.open(identity, address, facts, disks);
                },
                (_, _) -> {
                    throw new IOException("nothing to freeze");
                });
    }

    private void writeImage(long[] contents) throws IOException {
        var data = new byte[contents.length * Blocks.BLOCK_BYTES];
        for (var block = 0; block < contents.length; block++) {
            FakeMachine.fill(data, block * Blocks.BLOCK_BYTES, contents[block]);
        }
        Files.write(image, data);
    }

    private void grow(int blocks) {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) blocks * Blocks.BLOCK_BYTES);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
