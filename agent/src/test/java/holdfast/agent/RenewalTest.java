package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.replication.ReplicationLink;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.PeerCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RenewalTest {
    private static final String SERVER = "srv-1";
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir Path directory;

    private final FakeTime time = new FakeTime();
    private final StatusBoard board = new StatusBoard(time, Duration.ofSeconds(60));
    private final FakeReplicator replicator =
            new FakeReplicator(new FakeMachine(time, new SplittableRandom(1), 1));
    private final ReplicationLink link = replicator.open();
    private final List<Instant> asked = new ArrayList<>();
    private TestInstallation installation;
    private Identity first;

    @BeforeAll
    static void quiet() {
        Rig.beQuiet();
    }

    @BeforeEach
    void enrolled() throws IOException {
        installation = TestInstallation.create(directory.resolve("data"), time);
        first = installation.agent(SERVER);
        try (var state = open()) {
            state.enrolled(new StateDirectory.Enrolled(first, "replicator:1500", Optional.empty()));
        }
        replicator.renewals = request -> answer(installation.renew(request, SERVER));
    }

    private CompletableFuture<List<byte[]>> answer(List<byte[]> chain) {
        asked.add(time.now());
        return CompletableFuture.completedFuture(chain);
    }

    private StateDirectory open() throws IOException {
        return StateDirectory.open(Filesystem.local(), directory.resolve("state"));
    }

    private Renewal renewal(Renewal.Store store, Executor worker) {
        return new Renewal(first, store, time, RandomSource.system(), board, worker);
    }

    /// For an agent that holds an identity and never keeps another.
    private Renewal renewal() {
        return renewal(_ -> {}, Runnable::run);
    }

    @Test
    void anAgentThatIsConnectedForYearsNeverHasAnExpiredCertificate() throws Exception {
        try (var state = open()) {
            var renewal = renewal(state::renewed, Runnable::run);
            var keys = new HashSet<>();
            for (var day = 0; day < 9 * 365; day++) {
                renewal.check(link);
                var identity = renewal.identity();
                identity.checkValid(time.now());
                assertThat(Duration.between(time.now(), identity.expiresAt()))
                        .as("a third is left for whatever may go wrong, on day " + day)
                        .isGreaterThanOrEqualTo(Duration.ofDays(121));
                keys.add(identity.key());
                time.advance(DAY);
            }
            assertThat(asked).hasSize(13); // every 244 days
            assertThat(keys).as("a new key each time").hasSize(14);
            var kept = state.enrolled().orElseThrow();
            assertThat(kept.identity().chain()).isEqualTo(renewal.identity().chain());
            assertThat(kept.identity().key()).isEqualTo(renewal.identity().key());
            assertThat(kept.replicationAddress()).isEqualTo("replicator:1500");
        }
        assertThat(board.status().certificate().expiresAt().orElseThrow())
                .isAfter(time.now().plus(Duration.ofDays(120)));
    }

    @Test
    void anAgentThatWasOffForTheLastThirdRenewsAsSoonAsItConnects() throws Exception {
        time.advance(Duration.ofDays(364));
        var renewal = renewal();
        renewal.check(link);
        assertThat(asked).hasSize(1);
        renewal.identity().checkValid(time.now().plus(Duration.ofDays(364)));
    }

    @Test
    void nothingIsAskedForBeforeTheLastThirdBegins() {
        var renewal = renewal();
        time.advance(Duration.ofDays(243));
        renewal.check(link);
        assertThat(asked).isEmpty();
        assertThat(renewal.identity()).isSameAs(first);
        time.advance(DAY);
        renewal.check(link);
        assertThat(asked).hasSize(1);
    }

    @Test
    void aRefusalIsSaidAndTriedAgainWithGrowingPausesUntilItWorks() {
        var attempts = new ArrayList<Instant>();
        var working = replicator.renewals;
        replicator.renewals =
                _ -> {
                    attempts.add(time.now());
                    return CompletableFuture.failedFuture(new IOException("not today"));
                };
        time.advance(Duration.ofDays(250));
        var renewal = renewal();
        var from = time.now();
        while (Duration.between(from, time.now()).compareTo(Duration.ofDays(2)) < 0) {
            renewal.check(link);
            time.advance(Duration.ofSeconds(5));
        }
        var expected = Renewal.FIRST_PAUSE;
        for (var i = 1; i < attempts.size(); i++) {
            assertThat(Duration.between(attempts.get(i - 1), attempts.get(i)))
                    .isBetween(expected.dividedBy(2), expected.plusSeconds(5));
            expected =
                    expected.multipliedBy(2).compareTo(Renewal.LONGEST_PAUSE) < 0
                            ? expected.multipliedBy(2)
                            : Renewal.LONGEST_PAUSE;
        }
        assertThat(attempts).hasSizeBetween(15, 30);
        var said = board.status().certificate();
        assertThat(said.reason()).isEqualTo("not today");
        assertThat(said.expiresAt()).contains(first.expiresAt());
        assertThat(said.nextAttempt().orElseThrow()).isAfter(attempts.getLast());
        assertThat(board.status().toJson())
                .contains("\"certificate\":{\"expiresAt\":\"" + first.expiresAt())
                .contains("not today");

        replicator.renewals = working;
        time.advance(Renewal.LONGEST_PAUSE);
        renewal.check(link);
        assertThat(board.status().certificate())
                .isEqualTo(
                        new AgentStatus.Certificate(
                                Optional.of(renewal.identity().expiresAt()), "", Optional.empty()));
    }

    @Test
    void whatCannotBeKeptIsNotUsed() {
        time.advance(Duration.ofDays(250));
        var full = new boolean[] {true};
        var renewal =
                renewal(
                        _ -> {
                            if (full[0]) {
                                throw new IOException("no space left on device");
                            }
                        },
                        Runnable::run);
        renewal.check(link);
        assertThat(renewal.identity()).isSameAs(first);
        assertThat(board.status().certificate().reason()).isEqualTo("no space left on device");
        full[0] = false;
        time.advance(Renewal.FIRST_PAUSE);
        renewal.check(link);
        assertThat(renewal.identity()).isNotSameAs(first);
    }

    @Test
    void anAnswerThatIsNotForThisAgentIsNotUsed() throws Exception {
        time.advance(Duration.ofDays(250));
        var other = TestInstallation.create(directory.resolve("other"), time);
        var early = new FakeTime();
        early.advance(Duration.ofDays(300));
        var fast =
                new TestInstallation(
                        CertificateAuthority.open(
                                Filesystem.local(),
                                directory.resolve("data"),
                                CertificateAuthority.Validity.DEFAULT,
                                early,
                                RandomSource.system()),
                        installation.token());
        assertRefused(request -> installation.renew(request, "srv-2"), "is for 'srv-2'");
        assertRefused(request -> other.renew(request, SERVER), "not of this installation");
        assertRefused(_ -> encoded(first), "for another key");
        assertRefused(request -> fast.renew(request, SERVER), "is not valid before");
        assertRefused(request -> installation.renew(request, SERVER).subList(0, 1), "authority");
        assertRefused(_ -> List.of(new byte[] {1}, new byte[0]), "not an X.509 certificate");
    }

    private static List<byte[]> encoded(Identity identity) {
        return identity.chain().stream().map(one -> new PeerCertificate(one).encoded()).toList();
    }

    private interface Answer {
        List<byte[]> to(byte[] request);
    }

    private void assertRefused(Answer answer, String why) {
        replicator.renewals = request -> CompletableFuture.completedFuture(answer.to(request));
        var kept = new ArrayList<Identity>();
        var renewal = renewal(kept::add, Runnable::run);
        renewal.check(link);
        assertThat(renewal.identity()).isSameAs(first);
        assertThat(kept).isEmpty();
        assertThat(board.status().certificate().reason()).contains(why);
    }

    @Test
    void aQuestionThatIsNeverAnsweredHoldsUpNobodyAndIsAskedAgain() throws Exception {
        time.advance(Duration.ofDays(250));
        var questions = new LinkedBlockingQueue<CompletableFuture<List<byte[]>>>();
        replicator.renewals =
                _ -> {
                    var never = new CompletableFuture<List<byte[]>>();
                    questions.add(never);
                    return never;
                };
        var renewal = renewal(_ -> {}, work -> Thread.ofVirtual().start(work));
        for (var i = 0; i < 3; i++) {
            while (questions.size() <= i) {
                renewal.check(link);
                time.advance(Duration.ofSeconds(5));
                Thread.yield();
            }
        }
        assertThat(board.status().certificate().reason()).isEqualTo("no answer within 60 s");
    }

    /// Whatever step of keeping the new identity the power fails at, the directory holds one whose
    /// key and certificate belong together.
    @Test
    void aCrashAtAnyStepLeavesTheOldIdentityOrTheNewOne() throws Exception {
        var next = installation.agent(SERVER);
        var path = directory.resolve("state");
        var steps = 0;
        var outcomes = new HashSet<Boolean>();
        for (var crashed = true; crashed; steps++) {
            try (var state = open()) {
                state.renewed(first);
            }
            var files = new CrashingFilesystem(Filesystem.local(), steps);
            try (var state = StateDirectory.open(files, path)) {
                state.renewed(next);
                crashed = false;
            } catch (CrashingFilesystem.Crash _) {
                files.losePower();
            }
            try (var state = open()) {
                var found = state.enrolled().orElseThrow().identity();
                assertThat(found.chain()).as("step " + steps).isIn(first.chain(), next.chain());
                outcomes.add(found.chain().equals(next.chain()));
                assertMatches(found);
                state.renewed(next); // what the crash left behind is in nobody's way
            }
        }
        assertThat(steps).isGreaterThan(5);
        assertThat(outcomes).containsExactlyInAnyOrder(true, false);
    }

    private static void assertMatches(Identity identity) throws Exception {
        var signer = Signature.getInstance("SHA256withECDSA");
        signer.initSign(identity.key());
        var verifier = Signature.getInstance("SHA256withECDSA");
        verifier.initVerify(identity.certificate());
        assertThat(verifier.verify(signer.sign())).isTrue();
    }
}
