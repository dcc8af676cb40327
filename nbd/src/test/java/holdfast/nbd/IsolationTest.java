package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.TimeSource;
import holdfast.nbd.MemoryDisk.Interference;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a client that is slow, hostile or gone can do to the server and to other clients: nothing.
class IsolationTest {
    private static final int MIB = 1 << 20;
    private static final byte[] NOTHING = new byte[0];
    private static final Duration HANDSHAKE = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final ManualTime time = new ManualTime();

    private TestServer server(int connectionsMax, int requestsMax) throws IOException {
        var limits = new NbdLimits(connectionsMax, requestsMax, 5 * MIB, HANDSHAKE, GRACE);
        return new TestServer(limits, time, new Tls.Off());
    }

    @Test
    void aClientThatTakesNoRepliesHoldsUpNoOther() throws IOException {
        try (var server = server(4, 64);
                var slow = server.structured("disk");
                var brisk = server.structured("disk")) {
            server.disk.fill(0, random(1, MIB));
            for (var i = 0; i < 200; i++) { // far more than sockets hold
                slow.request(0, 0, i, 0, MIB);
            }
            for (var i = 0; i < 20; i++) {
                brisk.request(0, 0, i, 0, MIB);
                assertThat(brisk.assemble(brisk.chunks(), 0, MIB))
                        .isEqualTo(server.disk.bytes(0, MIB));
            }
            var answered = 0;
            while (answered < 200) { // what it asked for is still there once it cares to look
                answered += slow.answer().done() ? 1 : 0;
            }
        }
    }

    @Test
    void aClientThatNeverFinishesItsPayloadHoldsUpNoOther() throws IOException {
        var server = server(4, 64);
        try (server;
                var slow = server.structured("disk");
                var brisk = server.structured("disk")) {
            slow.request(0, 1, 1, 0, 32 * MIB);
            assertThat(brisk.exchange(0, 3, 0, 0).error()).isZero();
        }
        assertThat(server.disk.writes).hasValue(0);
        assertThat(server.disk.open).hasValue(0);
    }

    @Test
    void requestsInWorkAreBounded() throws IOException {
        var running = new AtomicInteger();
        var most = new AtomicInteger();
        var two = new CountDownLatch(2);
        var permits = new Semaphore(0);
        try (var server = server(1, 2);
                var client = server.structured("disk")) {
            server.disk.interference =
                    new Interference() {
                        @Override
                        public void read(long offset, int length) {
                            most.accumulateAndGet(running.incrementAndGet(), Math::max);
                            two.countDown();
                            permits.acquireUninterruptibly();
                            running.decrementAndGet();
                        }
                    };
            for (var i = 0; i < 20; i++) {
                client.request(0, 0, i, 0, 512);
            }
            awaitUninterruptibly(two);
            for (var i = 0; i < 20; i++) {
                permits.release();
                assertThat(client.answer().done()).isTrue();
            }
        }
        assertThat(most).hasValue(2);
    }

    @Test
    void aHandshakeHasItsTimeAndNoMore() throws Exception {
        try (var server = server(2, 1);
                var silent = server.connect()) {
            silent.greet(); // then says nothing
            time.awaitSleepers(1);
            time.advance(HANDSHAKE.minusMillis(1));
            assertThat(silent.lastOfOption(3, NOTHING).type()).isEqualTo(1);
            time.advance(Duration.ofMillis(1));
            assertThat(silent.ended()).isTrue();
        }
    }

    @Test
    void aHandshakeOverAUnixSocketHasItsTimeToo(@TempDir Path folder) throws Exception {
        try (var server = server(2, 1)) {
            var path = Files.createDirectories(folder).resolve("s");
            var address = server.server.listen(UnixDomainSocketAddress.of(path), new Tls.Off());
            try (var silent = new NbdClient(address)) {
                time.awaitSleepers(1);
                time.advance(HANDSHAKE);
                silent.in.readNBytes(18);
                assertThat(silent.ended()).isTrue();
            }
        }
    }

    @Test
    void transmissionHasNoTimeLimit() throws Exception {
        try (var server = server(2, 1);
                var client = server.structured("disk")) {
            awaitTransmission(client);
            time.advance(Duration.ofDays(30));
            assertThat(client.exchange(0, 3, 0, 0).error()).isZero();
        }
    }

    @Test
    void connectionsAreBounded() throws IOException {
        try (var server = server(2, 1);
                var first = server.structured("disk");
                var second = server.structured("disk")) {
            try (var third = server.connect()) {
                assertThat(third.ended()).isTrue();
            }
            assertThat(first.exchange(0, 3, 0, 0).error()).isZero();
            assertThat(second.exchange(0, 3, 0, 0).error()).isZero();
        }
    }

    @Test
    void thoseWhoNeverFinishTheHandshakeGiveWay() throws IOException {
        try (var server = server(2, 1);
                var first = server.structured("disk");
                var idle = server.connect().greet();
                var second = server.structured("disk")) {
            assertThat(idle.ended()).isTrue();
            assertThat(first.exchange(0, 3, 0, 0).error()).isZero();
            assertThat(second.exchange(0, 3, 0, 0).error()).isZero();
        }
    }

    @Test
    void whoLeavesMakesRoom() throws IOException {
        try (var server = server(1, 1)) {
            for (var i = 0; i < 20; i++) {
                try (var client = server.structured("disk")) {
                    client.request(0, 2, 1, 0, 0);
                    assertThat(client.ended()).isTrue();
                    server.server.disconnect("disk"); // returns once it is forgotten
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 27, 28, 29, 28 + 4095})
    void aRequestCutShortChangesNothing(int bytes) throws IOException {
        var server = server(1, 8);
        try (server;
                var client = server.structured("disk")) {
            var request = ByteBuffer.allocate(28 + 4096);
            request.put(NbdClient.header(0, 1, 1, 0, 4096).flip()).put(random(1, 4096));
            client.send(request.position(bytes));
        }
        assertThat(server.disk.writes).hasValue(0);
        assertThat(server.disk.open).hasValue(0);
    }

    @Test
    void theViewOutlivesTheClientUntilItsRequestsAreDone() throws Exception {
        var reading = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        try (var server = server(2, 8)) {
            var openWhileReading = new AtomicInteger();
            server.disk.interference =
                    new Interference() {
                        @Override
                        public void read(long offset, int length) {
                            reading.countDown();
                            awaitUninterruptibly(release);
                            openWhileReading.set(server.disk.open.get());
                        }
                    };
            try (var client = server.structured("disk")) {
                awaitTransmission(client);
                client.request(0, 0, 1, 0, 4096);
                awaitUninterruptibly(reading);
            }
            time.awaitSleepers(1); // the server has seen the end, and waits for the request
            release.countDown();
            server.server.disconnect("disk");
            assertThat(openWhileReading).hasValue(1);
            assertThat(server.disk.open).hasValue(0);
        }
    }

    @Test
    void shuttingDownFinishesWhatIsInWorkAndRefusesTheRest() throws Exception {
        var reading = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        var server = server(2, 8);
        try (var client = server.structured("disk")) {
            awaitTransmission(client);
            server.disk.interference =
                    new Interference() {
                        @Override
                        public void read(long offset, int length) {
                            reading.countDown();
                            awaitUninterruptibly(release);
                        }
                    };
            client.request(0, 0, 1, 0, 4096);
            awaitUninterruptibly(reading);
            var closing = CompletableFuture.runAsync(server::close);
            time.awaitSleepers(1); // it is telling the sessions to end
            client.write(0, 2, 0, new byte[4096]);
            var refused = client.answer();
            assertThat(refused.cookie()).isEqualTo(2);
            assertThat(refused.error()).isEqualTo(108);
            release.countDown();
            assertThat(client.answer().cookie()).isEqualTo(1);
            assertThat(client.ended()).isTrue();
            closing.join();
            assertThat(server.disk.open).hasValue(0);
            assertThat(server.disk.writes).hasValue(0);
        }
    }

    @Test
    void shuttingDownDoesNotWaitForAClientThatTakesNoReplies() throws Exception {
        var server = server(2, 64);
        try (var slow = server.structured("disk")) {
            awaitTransmission(slow);
            server.disk.fill(0, random(1, MIB));
            for (var i = 0; i < 200; i++) {
                slow.request(0, 0, i, 0, MIB);
            }
            var closing = CompletableFuture.runAsync(server::close);
            time.awaitSleepers(1);
            time.advance(GRACE);
            closing.join();
        }
        assertThat(server.disk.open).hasValue(0);
    }

    @Test
    void disconnectEndsOneExportOnly() throws IOException {
        try (var server = server(3, 8);
                var disk = server.structured("disk");
                var point = server.structured("point")) {
            server.exports.remove("disk");
            server.server.disconnect("disk");
            assertThat(disk.ended()).isTrue();
            assertThat(server.disk.open).hasValue(1);
            assertThat(point.exchange(0, 3, 0, 0).error()).isZero();
        }
    }

    /// Random bytes in either phase: the sender may lose its session, others notice nothing.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void garbageHurtsOnlyItsSender(long seed) throws IOException {
        var limits = new NbdLimits(64, 8, 5 * MIB, HANDSHAKE, Duration.ZERO);
        try (var server = new TestServer(limits, TimeSource.system(), new Tls.Off());
                var witness = server.structured("disk")) {
            var data = random(seed, MIB);
            witness.write(0, 1, 0, data);
            assertThat(witness.answer().error()).isZero();
            var random = new SplittableRandom(seed);
            var clients = new ArrayList<NbdClient>();
            for (var i = 0; i < 30; i++) {
                var client = i % 3 == 0 ? server.connect().greet() : server.structured("point");
                clients.add(client);
                sendGarbage(client, random);
            }
            witness.request(0, 0, 2, 0, MIB);
            assertThat(witness.assemble(witness.chunks(), 0, MIB)).isEqualTo(data);
            for (var client : clients) {
                client.close();
            }
        }
    }

    /// Returns once nothing watches over the handshake any more.
    private void awaitTransmission(NbdClient client) throws IOException, InterruptedException {
        assertThat(client.exchange(0, 3, 0, 0).error()).isZero();
        time.awaitSleepers(0);
    }

    private static void sendGarbage(NbdClient client, SplittableRandom random) {
        try {
            for (var i = 0; i < 20; i++) {
                if (random.nextInt(3) == 0) {
                    var bytes = random(random.nextLong(), 1 + random.nextInt(100));
                    client.send(ByteBuffer.wrap(bytes).position(bytes.length));
                } else { // well framed, so that it gets further
                    client.request(
                            random.nextInt(1 << random.nextInt(16)),
                            random.nextInt(9),
                            i,
                            random.nextLong() >> random.nextInt(64),
                            random.nextInt() >>> random.nextInt(32));
                }
            }
        } catch (IOException _) {
            // thrown out already
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] random(long seed, int length) {
        var bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }
}
