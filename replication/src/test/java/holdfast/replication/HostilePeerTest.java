package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Network;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.TlsContexts;
import holdfast.volume.VolumeId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Peers that break rules are cut off and told why; the others go on.
@Timeout(60)
class HostilePeerTest {
    private static final long DISK_BYTES = 64L << 20;
    private static final Instant INSTANT = Instant.parse("2026-11-01T12:00:00Z");
    private static final String GOOD = "s-00000000000000001";
    private static final String BAD = "s-00000000000000002";
    private static final int OPENING_MAX = 3;
    private static final Replicator.Limits LIMITS =
            new Replicator.Limits(
                    3,
                    OPENING_MAX,
                    Duration.ofSeconds(20),
                    8L << 20,
                    4L << 20,
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(30));

    @TempDir Path directory;
    private Stage stage;
    private ReplicationLink good;
    private long round;

    @BeforeEach
    void start() throws IOException {
        var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        stage = new Stage(Network.system(), loopback, directory.resolve("ca"), LIMITS);
        good = stage.link(GOOD, DISK_BYTES);
    }

    /// Whatever a test did: the well-behaved agent is still served.
    @AfterEach
    void othersGoOn() throws Exception {
        if (!good.closed().isDone()) {
            replicateSomething();
        }
        good.close();
        stage.close();
    }

    private void replicateSomething() throws Exception {
        good.send(0, Samples.extent(round, 1, 1), () -> {});
        good.endRound(++round, true, false, INSTANT, 0).get(30, TimeUnit.SECONDS);
    }

    /// What an agent may not send once its session has begun, on a disk of 64 MiB.
    static Stream<Arguments> offences() {
        var extent = Samples.extent(0, 1, 1);
        var digests = Samples.digests(1, 0);
        var oversize = ByteBuffer.allocate(8).putInt(1 << 30).put((byte) 5).array();
        var unknown = ByteBuffer.allocate(8).putInt(0).put((byte) 77).array();
        return Stream.of(
                Arguments.of("unknown frame type 77", unknown),
                Arguments.of("EXTENTS frame of 1073741824 bytes", oversize),
                Arguments.of("magic", garbage()),
                Arguments.of("request 2 comes after 0", new Frame.Extents(2, 0, List.of(extent))),
                Arguments.of("disk 1 of 1", new Frame.Extents(1, 1, List.of(extent))),
                Arguments.of(
                        "leave disk 0",
                        new Frame.Extents(1, 0, List.of(Samples.extent((64 << 8) - 1, 2, 1)))),
                Arguments.of("leave disk 0", new Frame.Compare(1, 0, 64 << 8, 1, 1, digests)),
                Arguments.of(
                        "leave disk 0", new Frame.Compare(1, 0, 1, Long.MAX_VALUE, 1, digests)),
                Arguments.of("1 digests for 2 blocks", new Frame.Compare(1, 0, 0, 2, 1, digests)),
                Arguments.of("pieces of 0", new Frame.Compare(1, 0, 0, 1, 0, digests)),
                Arguments.of("ACK frame from an agent", new Frame.Ack(1)),
                Arguments.of("HELLO frame from an agent", new Frame.Hello(1, 1)));
    }

    private static byte[] garbage() {
        return new byte[] {0, 0, 0, 8, 1, 0, 0, 0, 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
    }

    @ParameterizedTest
    @MethodSource("offences")
    void whoBreaksTheProtocolIsToldAndCutOff(String told, Object offence) throws Exception {
        try (var bad = stage.raw(BAD, DISK_BYTES)) {
            if (offence instanceof Frame frame) {
                bad.send(frame);
            } else {
                bad.send((byte[]) offence);
            }
            var failure = bad.await(Frame.Failure.class);
            assertThat(failure.code()).isEqualTo("protocol-error");
            assertThat(failure.message()).contains(told);
            bad.awaitEnd();
        }
        assertThat(endOf(BAD)).contains(told);
    }

    @Test
    void whoSendsMoreThanItsCreditIsCutOff() throws Exception {
        stage.store.hold(); // or credit would come back
        var agent = RawAgent.dial(stage, stage.identity(BAD));
        try (agent) {
            var credit = agent.begin(Stage.disks(DISK_BYTES)).creditLimit();
            assertThat(credit).isLessThanOrEqualTo(LIMITS.windowBytesMax());
            var number = 0L;
            for (var spent = 0L; spent <= credit; spent += Wire.COST_MAX) {
                agent.send(new Frame.Extents(++number, 0, List.of(Samples.noise(0, 64, number))));
            }
            var failure = agent.await(Frame.Failure.class);
            assertThat(failure.message()).contains("on a credit of " + credit);
            assertThat(stage.store.heldBytes()).isLessThanOrEqualTo(credit);
        }
        stage.store.completeAll();
    }

    @Test
    void allSessionsTogetherAreGrantedNoMoreThanTheMemoryThereIs() throws Exception {
        var granted = 0L;
        good.close();
        endOf(GOOD);
        var agents = new ArrayList<RawAgent>();
        for (var i = 0; i < LIMITS.sessionsMax(); i++) {
            var agent = RawAgent.dial(stage, stage.identity("s-1000000000000000" + i));
            agents.add(agent);
            granted += agent.begin(Stage.disks(DISK_BYTES)).creditLimit();
        }
        assertThat(granted).isBetween(2L * Wire.COST_MAX, LIMITS.memoryBytes());
        assertThatThrownBy(() -> stage.link(BAD, DISK_BYTES))
                .isInstanceOfSatisfying(
                        SessionEndedException.class,
                        ended -> assertThat(ended.code()).isEqualTo("busy"));
        for (var agent : agents) {
            agent.close();
        }
    }

    @Test
    void dataBeforeTheSessionIsRefused() throws Exception {
        try (var bad = RawAgent.dial(stage, stage.identity(BAD))) {
            bad.send(new Frame.Extents(1, 0, List.of(Samples.extent(0, 1, 1))));
            assertThat(bad.await(Frame.Failure.class).message())
                    .isEqualTo("request outside a session");
        }
    }

    @Test
    void garbageInsteadOfTlsEndsTheConnection() throws Exception {
        good.close(); // it might seem to be silent
        try (var raw = stage.network.connect(stage.replicator.address(), Stage.PATIENCE)) {
            raw.output().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            while (!isClosed(raw)) {
                stage.time.advance(Duration.ofSeconds(1));
            }
        }
    }

    @Test
    void whoNeverFinishesTheHandshakeIsCutOffInTime() throws Exception {
        good.close(); // it might seem to be silent
        try (var raw = stage.network.connect(stage.replicator.address(), Stage.PATIENCE)) {
            raw.output().write(new byte[] {22, 3, 1, 2, 0, 1, 0}); // the beginning of a ClientHello
            while (!isClosed(raw)) {
                stage.time.advance(Duration.ofSeconds(1));
            }
            // each second anew, so the deadline is that of the whole handshake, not of a read
            assertThat(stage.time.nanoTime()).isGreaterThan(LIMITS.openingTime().toNanos());
        }
    }

    @Test
    void whoOnlyHoldsAPlaceCannotKeepOthersOut() throws Exception {
        var idle = new ArrayList<Network.Connection>();
        for (var i = 0; i < 5 * OPENING_MAX; i++) {
            idle.add(stage.network.connect(stage.replicator.address(), Stage.PATIENCE));
        }
        var waiting = new ArrayList<>(idle);
        while (waiting.size() > OPENING_MAX) {
            for (var connection : List.copyOf(waiting)) {
                if (isClosed(connection)) {
                    waiting.remove(connection);
                }
            }
        }
        try (var link = stage.link(BAD, DISK_BYTES)) {
            assertThat(link.session().serverId()).isEqualTo(BAD);
        }
        for (var connection : idle) {
            connection.close();
        }
    }

    @Test
    void aSilentAgentIsCutOff() throws Exception {
        good.close(); // its pings would have to race against a clock that jumps
        try (var _ = stage.raw(BAD, DISK_BYTES)) {
            while (stage.host.ended.stream().noneMatch(end -> end.serverId().equals(BAD))) {
                stage.time.advance(Duration.ofSeconds(1));
                Thread.yield();
            }
            assertThat(endOf(BAD)).startsWith("silent");
            assertThat(stage.time.nanoTime()).isGreaterThan(LIMITS.silence().toNanos());
        }
    }

    @Test
    void aConnectionThatBreaksOffIsReportedAndFreesItsPlace() throws Exception {
        for (var i = 0; i < 2 * LIMITS.sessionsMax(); i++) {
            try (var bad = stage.raw(BAD, DISK_BYTES)) {
                bad.send(new byte[] {0, 0, 1, 0, 5, 0, 0, 0, 1, 2, 3}); // a frame that breaks off
            }
            assertThat(endOf(BAD)).isNotEmpty();
        }
    }

    @Test
    void anAgentReachesItsOwnVolumesOnly() throws Exception {
        replicateSomething();
        var volume = new VolumeId(good.session().disks().getFirst().volumeId());
        try (var bad = stage.raw(BAD, DISK_BYTES)) {
            bad.send(new Frame.Extents(1, 0, List.of(Samples.extent(0, 1, 66))));
            assertThat(bad.await(Frame.Ack.class).number()).isEqualTo(1);
        }
        assertThat(stage.store.block(volume, 0)).containsOnly(1);
    }

    @Test
    void versionsWithoutOverlapAreToldWhoHasToBeUpgraded() throws Exception {
        try (var newer = RawAgent.dial(stage, stage.identity(BAD))) {
            newer.send(new Frame.Hello(7, 8));
            assertThat(newer.await(Frame.Failure.class).message())
                    .isEqualTo(
                            "server speaks protocol versions 1 to 6, agent 7 to 8: upgrade the"
                                    + " server");
        }
        try (var older = RawAgent.dial(stage, stage.identity(BAD))) {
            older.send(new Frame.Hello(0, 0));
            assertThat(older.await(Frame.Failure.class).message()).endsWith("upgrade the agent");
        }
        try (var wider = RawAgent.dial(stage, stage.identity(BAD))) {
            wider.send(new Frame.Hello(0, 9));
            assertThat(wider.await(Frame.Agreed.class).version()).isEqualTo(6);
        }
    }

    @Test
    void onlyAnAgentThatKnowsOfLimitsIsToldOne() throws Exception {
        try (var older = RawAgent.dial(stage, stage.identity(BAD))) {
            older.send(new Frame.Hello(1, 2));
            assertThat(older.await(Frame.Agreed.class).version()).isEqualTo(2);
            older.send(new Frame.Begin(Stage.MACHINE, Stage.disks(DISK_BYTES), 2));
            older.await(Frame.Began.class);
            stage.host.sessions.get(BAD).limit(1000);
            for (var token = 1; token <= 2; token++) { // what was told before is sent by the second
                older.send(new Frame.Ping(token));
                Optional<Frame> heard;
                do {
                    heard = older.frames().next(Allowance.NONE);
                    assertThat(heard).get().isNotInstanceOf(Frame.Limit.class);
                } while (!heard.equals(Optional.of(new Frame.Pong(token))));
            }
        }
        try (var ours = stage.raw(BAD, DISK_BYTES)) {
            stage.host.sessions.get(BAD).limit(1000);
            assertThat(ours.await(Frame.Limit.class).bytesPerSecond()).isEqualTo(1000);
        }
    }

    @Test
    void anExpiredCertificateIsNamedByBothSides() throws Exception {
        var identity = stage.identity(BAD);
        good.close();
        stage.time.advance(Duration.ofHours(2));
        assertThatThrownBy(() -> stage.link(identity, DISK_BYTES))
                .hasMessageContaining(
                        "certificate of '" + BAD + "' expired at 2026-11-01T13:00:00Z")
                .hasMessageContaining("enrol again with a new token");
        try (var bad = RawAgent.dial(stage, identity)) { // an agent whose clock is wrong
            bad.send(new Frame.Hello(1, 1));
            var failure = bad.await(Frame.Failure.class);
            assertThat(failure.code()).isEqualTo("certificate-invalid");
            assertThat(failure.message()).contains("expired at 2026-11-01T13:00:00Z");
        }
    }

    @Test
    void aSessionEndsWhenItsCertificateExpires() throws Exception {
        var patient =
                new Replicator.Limits(
                        1,
                        1,
                        LIMITS.openingTime(),
                        LIMITS.memoryBytes(),
                        LIMITS.windowBytesMax(),
                        LIMITS.pulse(),
                        Duration.ofDays(1)); // so that it is not silence that ends the session
        var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (var own = new Stage(Network.system(), loopback, directory.resolve("own"), patient);
                var agent = own.raw(BAD, DISK_BYTES)) {
            own.time.awaitAsleep("replication-watch");
            own.time.advance(Duration.ofMinutes(61));
            var failure = agent.await(Frame.Failure.class);
            assertThat(failure.code()).isEqualTo("certificate-invalid");
            assertThat(failure.message()).contains("enrol again with a new token");
        }
    }

    @Test
    void aCertificateOfAnotherInstallationIsNotAccepted() throws Exception {
        var other = stage.authority(directory.resolve("other"));
        var identity = stage.identity(BAD, other);
        assertThatThrownBy(() -> stage.link(identity, DISK_BYTES))
                .hasMessageContaining("does not belong to this installation");

        // one that trusts us, as a forger would
        var forged =
                new Identity(
                        identity.key(),
                        List.of(identity.certificate(), stage.authority.certificate()));
        assertThatThrownBy(() -> stage.link(forged, DISK_BYTES))
                .hasMessageContaining("does not accept the certificate of '" + BAD + "'")
                .hasMessageContaining("enrol again with a new token");
    }

    @Test
    void anAgentCannotPoseAsAReplicator() throws Exception {
        var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        var agentsTls = TlsContexts.agent(stage.identity(BAD), stage.time, stage.random);
        try (var impostor = stage.network.listen(loopback)) {
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            var raw = impostor.accept();
                            TlsConnection.server(agentsTls, raw).handshake();
                        } catch (IOException _) {
                            // refused, as it should be
                        }
                    });
            var links =
                    new ReplicationLinks(
                            stage.network,
                            stage.time,
                            stage.random,
                            stage.identity(GOOD),
                            new BandwidthLimit(stage.time, 0));
            assertThatThrownBy(() ->
                            links.connect(
                                    impostor.address(), Stage.MACHINE, Stage.disks(DISK_BYTES)))
                    .hasMessageContaining("is not that of a server of this installation");
        }
    }

    private String endOf(String serverId) throws InterruptedException {
        while (true) {
            var end = stage.host.ended.poll(30, TimeUnit.SECONDS);
            assertThat(end).as("session of %s ended", serverId).isNotNull();
            if (end.serverId().equals(serverId)) {
                return end.error().orElse("");
            }
        }
    }

    private static boolean isClosed(Network.Connection connection) throws IOException {
        connection.readTimeout(Duration.ofMillis(20));
        try {
            return connection.input().read() < 0;
        } catch (SocketTimeoutException _) {
            return false;
        } catch (SocketException _) {
            return true;
        }
    }
}
