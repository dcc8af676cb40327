package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Network;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// TLS over any connection, on virtual threads.
@Timeout(60)
class TlsConnectionTest {
    @TempDir Path directory;

    private record Pair(TlsConnection client, TlsConnection server) {}

    private Pair pair(boolean inMemory) throws Exception {
        var network = inMemory ? new MemoryNetwork() : Network.system();
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (var stage = new Stage(network, address, directory, Replicator.Limits.DEFAULT);
                var listener =
                        network.listen(
                                new InetSocketAddress(address.getAddress(), inMemory ? 1 : 0))) {
            var identity = stage.identity("s-1");
            var serverTls = TlsContexts.server(stage.authority, List.of());
            var clientTls = TlsContexts.agent(identity, stage.time, stage.random);
            var server =
                    start(() -> {
                        var connection = TlsConnection.server(serverTls, listener.accept());
                        connection.handshake();
                        return connection;
                    });
            var client =
                    TlsConnection.client(
                            clientTls, network.connect(listener.address(), Stage.PATIENCE));
            client.handshake();
            return new Pair(client, server.get(30, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void largeWritesArriveWholeInBothDirectionsAtOnce(boolean inMemory) throws Exception {
        var pair = pair(inMemory);
        var data = new byte[10 << 20];
        new SplittableRandom(1).nextBytes(data);
        var readers =
                List.of(
                        start(() -> pair.client().input().readNBytes(data.length)),
                        start(() -> pair.server().input().readNBytes(data.length)));
        var writers =
                List.of(
                        start(() -> write(pair.client(), data)),
                        start(() -> write(pair.server(), data)));
        for (var reader : readers) {
            assertThat(Arrays.equals(reader.get(30, TimeUnit.SECONDS), data)).isTrue();
        }
        for (var writer : writers) {
            writer.get(30, TimeUnit.SECONDS);
        }
        assertThat(pair.client().sentBytes())
                .isBetween((long) data.length, data.length * 101L / 100);
        pair.client().close();
        pair.server().close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoHasFinishedWritingStillReads(boolean inMemory) throws Exception {
        var pair = pair(inMemory);
        pair.client().output().write(1);
        pair.client().finishOutput();
        assertThat(pair.server().input().readAllBytes()).containsExactly(1);
        pair.server().output().write(2);
        pair.server().finishOutput();
        assertThat(pair.client().input().readAllBytes()).containsExactly(2);
        pair.client().close();
        pair.server().close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReadWaitsNoLongerThanAllowed(boolean inMemory) throws Exception {
        var pair = pair(inMemory);
        pair.client().readTimeout(Duration.ofMillis(20));
        assertThatThrownBy(() -> pair.client().input().read())
                .isInstanceOf(SocketTimeoutException.class);
        pair.server().output().write(3);
        pair.client().readTimeout(Stage.PATIENCE);
        assertThat(pair.client().input().read()).isEqualTo(3);
        pair.client().close();
        pair.server().close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void closingEndsAReadAndAWriteThatAreStuck(boolean inMemory) throws Exception {
        var pair = pair(inMemory);
        var reading = start(() -> pair.client().input().read());
        var writing =
                start(() -> {
                    while (true) {
                        write(pair.client(), new byte[1 << 20]); // nobody reads
                    }
                });
        pair.client().close();
        assertThatThrownBy(() -> reading.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(IOException.class);
        assertThatThrownBy(() -> writing.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(IOException.class);
        pair.server().close();
    }

    private static boolean write(TlsConnection connection, byte[] data) throws IOException {
        connection.output().write(data);
        return true;
    }

    private static <T> FutureTask<T> start(Callable<T> work) {
        var task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }
}
