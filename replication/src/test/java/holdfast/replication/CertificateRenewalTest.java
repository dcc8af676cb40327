package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Network;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.PeerCertificate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Renewal over the wire, with agents that keep the rules and others. Certificates are valid for an
/// hour here.
@Timeout(60)
class CertificateRenewalTest {
    private static final long DISK_BYTES = 64L << 20;
    private static final Instant INSTANT = Instant.parse("2026-11-01T12:00:00Z");
    private static final String SERVER = "s-00000000000000001";
    private static final String VICTIM = "s-00000000000000002";

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void start() throws IOException {
        var usual = Replicator.Limits.DEFAULT;
        var limits = // it shall not be silence that ends sessions while the clock jumps
                new Replicator.Limits(
                        usual.sessionsMax(),
                        usual.openingMax(),
                        Duration.ofDays(1),
                        usual.memoryBytes(),
                        usual.windowBytesMax(),
                        usual.pulse(),
                        Duration.ofDays(1));
        var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        stage = new Stage(Network.system(), loopback, directory, limits);
    }

    @AfterEach
    void stop() throws IOException {
        stage.close();
    }

    @Test
    void anAgentGetsACertificateForItsNewKeyAndUsesItFromTheNextLinkOn() throws Exception {
        var old = stage.identity(SERVER);
        Identity renewed;
        try (var link = stage.link(old, DISK_BYTES)) {
            stage.time.advance(Duration.ofMinutes(50));
            renewed = renew(link, old);
            assertThat(renewed.name()).isEqualTo(SERVER);
            assertThat(renewed.key()).isNotEqualTo(old.key());
            assertThat(renewed.expiresAt()).isEqualTo(old.expiresAt().plus(Duration.ofMinutes(50)));
            replicateSomething(link, 1);
        }
        stage.time.advance(Duration.ofMinutes(20)); // the old one has expired
        try (var link = stage.link(renewed, DISK_BYTES)) {
            assertThat(link.session().serverId()).isEqualTo(SERVER);
            replicateSomething(link, 2);
        }
        assertThatThrownBy(() -> stage.link(old, DISK_BYTES))
                .hasMessageContaining("expired at 2026-11-01T13:00:00Z")
                .hasMessageContaining("enrol again with a new token");
        assertThat(stage.host.certified)
                .containsExactly(old.expiresAt(), renewed.expiresAt(), renewed.expiresAt());
    }

    @Test
    void aSessionGoesOnAsLongAsTheNewestCertificateIssuedInIt() throws Exception {
        var old = stage.identity(SERVER);
        try (var agent = RawAgent.dial(stage, old)) {
            agent.begin(Stage.disks(DISK_BYTES));
            stage.time.advance(Duration.ofMinutes(50));
            assertThat(ask(agent, request())).hasSize(2);
            stage.time.advance(Duration.ofMinutes(59)); // long after the end of the first
            stage.time.awaitAsleep("replication-watch"); // which has looked at the session
            agent.send(new Frame.Ping(7));
            assertThat(agent.await(Frame.Pong.class).token()).isEqualTo(7);
            stage.time.advance(Duration.ofMinutes(2));
            assertThat(agent.await(Frame.Failure.class).code()).isEqualTo("certificate-invalid");
        }
    }

    @Test
    void aRequestForAnotherServerOrForMoreUsesGetsNeither() throws Exception {
        try (var agent = stage.raw(SERVER, DISK_BYTES)) {
            var issued = ask(agent, greedyRequest()).getFirst();
            assertThat(new PeerCertificate(issued).name()).isEqualTo(SERVER);
            assertThat(issued.getSubjectX500Principal().getName()).isEqualTo("CN=" + SERVER);
            assertThat(issued.getSubjectAlternativeNames()).isNull();
            assertThat(issued.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
            assertThat(issued.getBasicConstraints()).isEqualTo(-1);
            assertThat(issued.getKeyUsage()).startsWith(true, false, false, false, false, false);
            assertThat(issued.getNotAfter().toInstant())
                    .isEqualTo(stage.time.now().plus(Duration.ofHours(1)));
        }
    }

    /// All that a request may ask for, in the name of another server.
    private static byte[] greedyRequest() throws Exception {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        var keys = generator.generateKeyPair();
        var wishes = new ExtensionsGenerator();
        wishes.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        wishes.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
        wishes.addExtension(
                Extension.extendedKeyUsage,
                false,
                new ExtendedKeyUsage(
                        new KeyPurposeId[] {
                            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        }));
        wishes.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(new GeneralName(GeneralName.dNSName, VICTIM)));
        return new JcaPKCS10CertificationRequestBuilder(
                        new X500Name("CN=" + VICTIM), keys.getPublic())
                .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wishes.generate())
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
                .getEncoded();
    }

    /// The parser forgives a wrong tag here and there; never is there a certificate for a key that
    /// has not signed.
    @Test
    void aDamagedRequestIsRefusedOrForTheKeyThatSignedItAndTheSessionGoesOn() throws Exception {
        var asked = CertificateRequest.create(stage.random, VICTIM);
        var good = asked.der();
        try (var agent = stage.raw(SERVER, DISK_BYTES)) {
            var forgiven = 0;
            for (var at = 0; at < good.length; at++) {
                var damaged = good.clone();
                damaged[at] ^= 1;
                agent.send(new Frame.CertificateRequest(damaged));
                var answer = agent.await(Frame.Certificate.class);
                if (answer.refusal().isEmpty()) {
                    forgiven++;
                    var issued = parsed(answer.chain()).getFirst();
                    assertThat(issued.getPublicKey()).isEqualTo(asked.keys().getPublic());
                } else {
                    assertThat(answer.refusal()).as("byte " + at).contains("certificate request");
                }
                stage.time.advance(Duration.ofSeconds(10));
            }
            assertThat(forgiven).isLessThan(3);
            assertThat(refusal(agent, new byte[0])).contains("certificate request");
            stage.time.advance(Duration.ofSeconds(10));
            assertThat(ask(agent, good)).hasSize(2);
        }
    }

    @Test
    void whoAsksWithoutEndGetsNoSignatures() throws Exception {
        try (var agent = stage.raw(SERVER, DISK_BYTES)) {
            assertThat(ask(agent, request())).hasSize(2);
            assertThat(refusal(agent, request())).contains("asked twice within 10 s");
            stage.time.advance(Duration.ofSeconds(10));
            assertThat(ask(agent, request())).hasSize(2);
        }
    }

    /// As an agent does whose question was not answered in time: the first answer still comes.
    @Test
    void whoAsksAgainBeforeTheAnswerGoesOnReplicating() throws Exception {
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            for (var round = 1; round <= 20; round++) {
                var first = link.renewCertificate(request());
                var second = link.renewCertificate(request());
                first.exceptionally(_ -> List.of()).get(30, TimeUnit.SECONDS);
                second.exceptionally(_ -> List.of()).get(30, TimeUnit.SECONDS);
                replicateSomething(link, round);
                stage.time.advance(Duration.ofSeconds(10));
            }
            assertThat(link.closed()).isNotDone();
        }
    }

    @Test
    void aServerThatMayNoLongerReplicateGetsNone() throws Exception {
        var old = stage.identity(SERVER);
        try (var link = stage.link(old, DISK_BYTES)) {
            stage.host.refused.add(SERVER);
            assertThatThrownBy(() -> renew(link, old))
                    .hasMessageContaining("the server refuses to renew the certificate")
                    .hasMessageContaining("server " + SERVER + " is stopped");
            replicateSomething(link, 1);
        }
        assertThat(stage.host.certified).containsExactly(old.expiresAt());
    }

    @Test
    void sessionsOfVersionOneDoNotKnowTheFrame() throws Exception {
        try (var agent = RawAgent.dial(stage, stage.identity(SERVER))) {
            agent.send(new Frame.Hello(1, 1));
            assertThat(agent.await(Frame.Agreed.class).version()).isEqualTo(1);
            agent.send(new Frame.Begin(Stage.MACHINE, Stage.disks(DISK_BYTES), 1));
            agent.await(Frame.Began.class);
            agent.send(new Frame.CertificateRequest(request()));
            assertThat(agent.await(Frame.Failure.class).message())
                    .isEqualTo("unknown frame type 17");
        }
    }

    /// An agent whose sending stands still for months must renew, too.
    @Test
    void aLinkHasAPulseThatDoesNotWaitForSending() throws Exception {
        stage.store.hold(); // so that no credit comes back
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            var sending =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    for (var i = 0; ; i++) {
                                        link.send(0, Samples.noise(i % 100, 64, i), () -> {});
                                    }
                                } catch (IOException | InterruptedException _) {
                                    // the link was closed
                                }
                            });
            while (sending.getState() != Thread.State.WAITING) {
                Thread.yield();
            }
            var pulses = new Semaphore(0);
            link.everyPulse(pulses::release);
            for (var i = 0; i < 3; i++) {
                stage.time.awaitAsleep("link-pulse");
                stage.time.advance(Duration.ofSeconds(5));
                assertThat(pulses.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(sending.isAlive()).isTrue();
        }
        stage.store.completeAll();
    }

    @Test
    void aLinkThatDiesFailsTheQuestion() throws Exception {
        var link = stage.link(SERVER, DISK_BYTES);
        link.close();
        assertThatThrownBy(() -> link.renewCertificate(request()).get(30, TimeUnit.SECONDS))
                .hasRootCauseInstanceOf(IOException.class);
    }

    private byte[] request() {
        return CertificateRequest.create(stage.random, VICTIM).der();
    }

    private Identity renew(ReplicationLink link, Identity old) throws Exception {
        var request = CertificateRequest.create(stage.random, "db1");
        var chain = link.renewCertificate(request.der()).get(30, TimeUnit.SECONDS);
        return request.renewed(chain, old, stage.time.now());
    }

    private static List<X509Certificate> ask(RawAgent agent, byte[] request) throws Exception {
        agent.send(new Frame.CertificateRequest(request));
        var answer = agent.await(Frame.Certificate.class);
        assertThat(answer.refusal()).isEmpty();
        return parsed(answer.chain());
    }

    private static List<X509Certificate> parsed(List<byte[]> encoded) throws Exception {
        var factory = CertificateFactory.getInstance("X.509");
        var chain = new ArrayList<X509Certificate>();
        for (var der : encoded) {
            chain.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
        }
        return chain;
    }

    private static String refusal(RawAgent agent, byte[] request) throws IOException {
        agent.send(new Frame.CertificateRequest(request));
        var answer = agent.await(Frame.Certificate.class);
        assertThat(answer.chain()).isEmpty();
        return answer.refusal();
    }

    private static void replicateSomething(ReplicationLink link, long round) throws Exception {
        link.send(0, Samples.extent(round, 1, 1), () -> {});
        link.endRound(round, true, false, INSTANT, 0).get(30, TimeUnit.SECONDS);
    }
}
