package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.replication.certificates.Identity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two machines show the certificate of one server. Which of them is the copy, the control plane
/// knows; what the replicator does about it is shown here.
@Timeout(60)
class CopiedAgentTest {
    private static final long DISK_BYTES = 1L << 20;
    private static final Instant INSTANT = Instant.parse("2026-11-01T12:00:00Z");
    private static final String SERVER = "s-00000000000000001";

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void start() throws IOException {
        var usual = Replicator.Limits.DEFAULT;
        var limits = // who waits for the other's answer is not shown out while the clock jumps
                new Replicator.Limits(
                        usual.sessionsMax(),
                        usual.openingMax(),
                        Duration.ofDays(1),
                        usual.memoryBytes(),
                        usual.windowBytesMax(),
                        usual.pulse(),
                        usual.silence());
        stage =
                new Stage(
                        new MemoryNetwork(),
                        InetSocketAddress.createUnresolved("replicator", Replicator.PORT),
                        directory,
                        limits);
    }

    @AfterEach
    void stop() throws IOException {
        stage.close();
    }

    @Test
    void aCopyDoesNotEndTheSessionOfTheMachine() throws Exception {
        stage.host.copies.add("copy");
        var identity = stage.identity(SERVER);
        try (var link = stage.link(identity, DISK_BYTES)) {
            var copy = connecting(identity, "copy", Duration.ofMillis(20));
            assertThatThrownBy(() -> copy.get(30, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            SessionEndedException.class,
                            ended -> assertThat(ended.code()).isEqualTo("other-machine"));
            replicateSomething(link);
        }
    }

    /// What it sent before its end is no answer.
    @Test
    void anAgentThatDoesNotAnswerHasNoClaimToItsSession() throws Exception {
        stage.host.copies.add("restarted");
        try (var dead = stage.raw(SERVER, DISK_BYTES)) {
            dead.send(new Frame.Pong(stage.time.nanoTime()));
            var restarted = connecting(stage.identity(SERVER), "restarted", Duration.ofSeconds(1));
            try (var link = restarted.get(30, TimeUnit.SECONDS)) {
                replicateSomething(link);
            }
        }
    }

    @Test
    void anotherBootKnowsAnotherReplica() throws Exception {
        String before;
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            before = link.session().storeIdentity();
        }
        stage.host.boots = 1;
        try (var link = stage.link(SERVER, DISK_BYTES)) {
            assertThat(link.session().storeIdentity()).isEqualTo(before + "/1");
        }
    }

    /// @param step of the clock every 50 ms until it is decided; a small one leaves whoever is
    ///   asked 20 s to answer
    private CompletableFuture<ReplicationLink> connecting(
            Identity identity, String bootId, Duration step) throws Exception {
        var connected = new CompletableFuture<ReplicationLink>();
        Thread.startVirtualThread(() -> {
            try {
                connected.complete(stage.link(identity, Stage.machine(bootId), DISK_BYTES));
            } catch (IOException e) {
                connected.completeExceptionally(e);
            }
        });
        for (var count = 0; count < 600 && !connected.isDone(); count++) {
            try {
                connected.handle((_, _) -> true).get(50, TimeUnit.MILLISECONDS);
            } catch (TimeoutException _) {
                stage.time.advance(step);
            }
        }
        return connected;
    }

    private static void replicateSomething(ReplicationLink link) throws Exception {
        link.send(0, Samples.extent(1, 1, 1), () -> {});
        link.endRound(1, true, false, INSTANT, 0).get(30, TimeUnit.SECONDS);
    }
}
