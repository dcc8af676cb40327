package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.nbd.MemoryDisk.Interference;
import holdfast.nbd.NbdClient.Answer;
import holdfast.volume.Damage;
import holdfast.volume.DamagedDataException;
import holdfast.volume.NoRoomException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransmissionTest {
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int FLUSH = 3;
    private static final int TRIM = 4;
    private static final int CACHE = 5;
    private static final int WRITE_ZEROES = 6;
    private static final int BLOCK_STATUS = 7;
    private static final int FUA = 1;
    private static final int NO_HOLE = 2;
    private static final int DF = 4;
    private static final int REQ_ONE = 8;
    private static final int FAST_ZERO = 16;
    private static final int EPERM = 1;
    private static final int EIO = 5;
    private static final int EINVAL = 22;
    private static final int ENOSPC = 28;
    private static final int MIB = 1 << 20;

    private TestServer server;
    private MemoryDisk disk;
    private NbdClient client;
    private NbdClient simple;

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        disk = server.disk;
        client = server.structured("disk");
        simple = server.simple("disk");
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        simple.close();
        server.close();
        assertThat(disk.open).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 511, 4096, 65536, 65537, MIB, 4 * MIB})
    void whatIsWrittenIsReadBackByBothReplyKinds(int length) throws IOException {
        var data = random(length);
        var offset = 12_345L;
        client.write(0, 7, offset, data);
        assertThat(client.answer())
                .extracting(Answer::cookie, Answer::error)
                .containsExactly(7L, 0);
        assertThat(disk.bytes(offset, length)).isEqualTo(data);
        assertThat(read(client, 0, offset, length)).isEqualTo(data);
        assertThat(read(client, DF, offset, length)).isEqualTo(data);
        simple.request(0, READ, 8, offset, length);
        var answer = simple.answer(length);
        assertThat(answer.cookie()).isEqualTo(8);
        assertThat(answer.payload()).isEqualTo(data);
    }

    @Test
    void theLargestPayloadGoesThrough() throws IOException {
        var data = random(32 * MIB);
        client.write(0, 1, 5 * MIB + 1, data);
        assertThat(client.answer().error()).isZero();
        assertThat(read(client, 0, 5 * MIB + 1, data.length)).isEqualTo(data);
        assertThat(disk.bytes(0, 5 * MIB + 1)).containsOnly(0);
    }

    @Test
    void holesTravelAsHoles() throws IOException {
        var data = random(3 * MIB);
        Arrays.fill(data, MIB, 2 * MIB, (byte) 0);
        disk.fill(0, Arrays.copyOf(data, MIB));
        disk.fill(2 * MIB, Arrays.copyOfRange(data, 2 * MIB, 3 * MIB));
        client.request(0, READ, 1, 0, 3 * MIB);
        var chunks = client.chunks();
        assertThat(client.assemble(chunks, 0, 3 * MIB)).isEqualTo(data);
        assertThat(chunks.stream().filter(chunk -> chunk.type() == 2)).hasSize(1);
        assertThat(chunks.stream().mapToInt(chunk -> chunk.payload().length).sum())
                .isLessThan(2 * MIB + 1000);
    }

    /// DF: "the server MUST use NBD_REPLY_TYPE_OFFSET_DATA with the zeroes explicitly present".
    @Test
    void dontFragmentMeansOneContentChunk() throws IOException {
        disk.fill(MIB, random(4096));
        client.request(DF, READ, 1, 0, 2 * MIB);
        var chunks = client.chunks();
        assertThat(chunks).extracting(Answer::type).containsExactly(1);
        assertThat(client.assemble(chunks, 0, 2 * MIB)).isEqualTo(disk.bytes(0, 2 * MIB));
    }

    /// A chunk for every short hole would cost more than its zeros.
    @Test
    void fragmentedRangesTravelInFewChunks() throws IOException {
        for (var block = 0; block < 1024; block += 2) {
            disk.fill(block * 4096L, random(4096));
        }
        client.request(0, READ, 1, 0, 4 * MIB);
        var chunks = client.chunks();
        assertThat(client.assemble(chunks, 0, 4 * MIB)).isEqualTo(disk.bytes(0, 4 * MIB));
        assertThat(chunks).hasSizeLessThan(20);
    }

    @Test
    void emptyRequestsSucceed() throws IOException {
        client.request(0, READ, 1, 100, 0);
        assertThat(client.chunks()).extracting(Answer::type).containsExactly(0);
        simple.request(0, READ, 1, 100, 0);
        assertThat(simple.answer().error()).isZero();
        for (var type : new int[] {WRITE, TRIM, CACHE, WRITE_ZEROES}) {
            assertThat(client.exchange(0, type, TestServer.DISK_BYTES, 0).error()).isZero();
        }
        assertThat(client.exchange(0, BLOCK_STATUS, 0, 0).error()).isEqualTo(EINVAL);
    }

    @Test
    void trimAndZeroesForgetTheRange() throws IOException {
        for (var type : new int[] {TRIM, WRITE_ZEROES}) {
            disk.fill(0, random(MIB));
            var before = disk.bytes(0, MIB);
            assertThat(client.exchange(0, type, 5000, 100_000).error()).isZero();
            Arrays.fill(before, 5000, 105_000, (byte) 0);
            assertThat(disk.bytes(0, MIB)).isEqualTo(before);
            assertThat(disk.allocated(8192)).isFalse();
        }
    }

    @Test
    void everyFlagOfWriteZeroesIsTaken() throws IOException {
        disk.fill(0, random(MIB));
        for (var flags : new int[] {NO_HOLE, FAST_ZERO, NO_HOLE | FAST_ZERO | FUA}) {
            disk.fill(0, random(4096));
            assertThat(client.exchange(flags, WRITE_ZEROES, 0, 4096).error()).isZero();
            assertThat(disk.bytes(0, 4096)).containsOnly(0);
        }
        assertThat(disk.durableWrites).hasValue(1);
    }

    @Test
    void zeroingAGreatLengthIsOneCheapRequest() throws IOException {
        disk.fill(60 * MIB, random(4096));
        assertThat(client.exchange(0, WRITE_ZEROES, 0, TestServer.DISK_BYTES).error()).isZero();
        assertThat(disk.bytes(60 * MIB, 4096)).containsOnly(0);
    }

    @Test
    void fuaIsDurableBeforeItIsAnswered() throws IOException {
        client.write(FUA, 1, 0, random(4096));
        assertThat(client.answer().error()).isZero();
        assertThat(disk.durableWrites).hasValue(1);
        assertThat(client.exchange(FUA, TRIM, 0, 4096).error()).isZero();
        assertThat(disk.durableWrites).hasValue(2);
        client.write(FUA, 1, 0, random(MIB)); // in pieces: one flush serves them all
        assertThat(client.answer().error()).isZero();
        assertThat(disk.flushes).hasValue(1);
        client.write(0, 1, 0, random(MIB));
        assertThat(client.answer().error()).isZero();
        assertThat(disk.flushes).hasValue(1);
    }

    @Test
    void fuaIsTakenWhereItMeansNothing() throws IOException {
        assertThat(client.exchange(FUA, FLUSH, 0, 0).error()).isZero();
        assertThat(client.exchange(FUA, CACHE, 0, 4096).error()).isZero();
        assertThat(client.exchange(FUA | REQ_ONE, BLOCK_STATUS, 0, 4096).error()).isZero();
        assertThat(read(client, FUA, 0, 4096)).containsOnly(0);
    }

    /// NBD_FLAG_CAN_MULTI_CONN: what one connection wrote, another reads and flushes.
    @Test
    void allConnectionsSeeOneBranch() throws IOException {
        var data = random(4096);
        client.write(0, 1, 4096, data);
        assertThat(client.answer().error()).isZero();
        simple.request(0, READ, 1, 4096, 4096);
        assertThat(simple.answer(4096).payload()).isEqualTo(data);
        assertThat(simple.exchange(0, FLUSH, 0, 0).error()).isZero();
        assertThat(disk.flushes).hasValue(1);
    }

    @Test
    void cacheReadsWhatIsStoredAndNoMore() throws IOException {
        disk.fill(MIB, random(MIB));
        assertThat(client.exchange(0, CACHE, 0, 8 * MIB).error()).isZero();
        assertThat(disk.reads).hasValue(4);
    }

    @Test
    void blockStatusTellsDataFromHoles() throws IOException {
        disk.fill(MIB, random(8192));
        var answer = client.exchange(0, BLOCK_STATUS, 4096, 4 * MIB);
        assertThat(answer.type()).isEqualTo(5);
        assertThat(extents(answer))
                .isEqualTo("1: 1044480/3 8192/0 " + (4 * MIB - 1044480 - 8192) + "/3");
        assertThat(extents(client.exchange(REQ_ONE, BLOCK_STATUS, 4096, 4 * MIB)))
                .isEqualTo("1: 1044480/3");
    }

    @Test
    void blockStatusOfAFragmentedRangeIsBounded() throws IOException {
        for (var block = 0; block < 10_000; block += 2) {
            disk.fill(block * 4096L, new byte[] {1});
        }
        var answer = client.exchange(0, BLOCK_STATUS, 0, 10_000 * 4096L);
        assertThat(answer.payload().length).isEqualTo(4 + 8 * 4096);
    }

    @Test
    void aPointIsNotWritten() throws IOException {
        disk.fill(0, random(MIB));
        var before = disk.bytes(0, MIB);
        try (var point = server.structured("point")) {
            point.write(0, 1, 0, new byte[MIB]); // its payload must be skipped to stay in step
            assertThat(point.answer().error()).isEqualTo(EPERM);
            assertThat(point.exchange(0, TRIM, 0, 4096).error()).isEqualTo(EPERM);
            assertThat(point.exchange(0, WRITE_ZEROES, 0, 4096).error()).isEqualTo(EPERM);
            assertThat(point.exchange(0, FLUSH, 0, 0).error()).isZero();
            assertThat(read(point, 0, 0, MIB)).isEqualTo(before);
        }
        assertThat(disk.writes).hasValue(0);
    }

    @Test
    void requestsOutOfRangeAreRefusedAndTheSessionGoesOn() throws IOException {
        client.write(0, 1, TestServer.DISK_BYTES - 1, new byte[2]);
        assertThat(client.answer().error()).isEqualTo(ENOSPC);
        assertThat(client.exchange(0, READ, TestServer.DISK_BYTES, 1).error()).isEqualTo(EINVAL);
        assertThat(client.exchange(0, READ, -1, 1).message()).contains("18446744073709551615");
        assertThat(client.exchange(0, 99, 0, 0).error()).isEqualTo(EINVAL);
        assertThat(client.exchange(1 << 9, READ, 0, 1).error()).isEqualTo(EINVAL);
        assertThat(client.exchange(0, READ, 0, 0xffffffffL).error()).isEqualTo(EINVAL);
        assertThat(simple.exchange(0, READ, TestServer.DISK_BYTES, 1).error()).isEqualTo(EINVAL);
        assertThat(read(client, 0, 0, 4096)).containsOnly(0);
    }

    @Test
    void aWrongRequestMagicEndsTheSession() throws IOException {
        client.send(ByteBuffer.allocate(28).putInt(0x25609514).position(28));
        assertThat(client.ended()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {(32L << 20) + 1, 0xffffffffL})
    void aWriteTooLongToTakeEndsTheSession(long length) throws IOException {
        client.request(0, WRITE, 1, 0, length);
        assertThat(client.ended()).isTrue();
    }

    @Test
    void disconnectIsNotAnswered() throws IOException {
        client.request(0, 2, 1, 0, 0);
        assertThat(client.ended()).isTrue();
    }

    @Test
    void disconnectLetsRequestsFinish() throws IOException {
        var release = new CountDownLatch(1);
        disk.interference = blockedReads(release);
        client.request(0, READ, 1, 0, 4096);
        client.request(0, 2, 2, 0, 0);
        release.countDown();
        assertThat(client.answer().type()).isEqualTo(1);
        assertThat(client.ended()).isTrue();
    }

    @Test
    void repliesComeInAnyOrder() throws IOException {
        var release = new CountDownLatch(1);
        disk.interference =
                new Interference() {
                    @Override
                    public void read(long offset, int length) throws IOException {
                        if (offset == 0) {
                            awaitQuietly(release);
                        }
                    }
                };
        client.request(0, READ, 1, 0, 4096);
        client.request(0, READ, 2, 8192, 4096);
        assertThat(client.answer().cookie()).isEqualTo(2);
        client.write(0, 3, 0, new byte[4096]);
        assertThat(client.answer().cookie()).isEqualTo(3);
        release.countDown();
        assertThat(client.answer().cookie()).isEqualTo(1);
    }

    @Test
    void overlappingWritesLeaveEachBlockToOneOfThem() throws IOException {
        var length = MIB / 2;
        for (var i = 0; i < 40; i++) {
            var data = new byte[length];
            Arrays.fill(data, (byte) (i + 1));
            (i % 2 == 0 ? client : simple).write(0, i, i % 7 * 4096L, data);
        }
        var answered = new HashSet<Long>();
        for (var i = 0; i < 20; i++) {
            answered.add(client.answer().cookie());
            answered.add(simple.answer().cookie());
        }
        assertThat(answered).hasSize(40);
        var stored = disk.bytes(0, length);
        for (var block = 0; block < length; block += 4096) {
            assertThat(stored[block]).isPositive();
            assertThat(Arrays.copyOfRange(stored, block, block + 4096)).containsOnly(stored[block]);
        }
        assertThat(read(client, 0, 0, length)).isEqualTo(stored);
    }

    @Test
    void damageIsNamedAndNeverServed() throws IOException {
        var damage = new Damage("br-0123456789abcdef0", 2 * MIB, 4096, "seg-7", 99, "checksum");
        disk.fill(0, random(4 * MIB));
        disk.interference =
                new Interference() {
                    @Override
                    public void read(long offset, int length) throws IOException {
                        if (offset < 2 * MIB + 4096 && offset + length > 2 * MIB) {
                            throw new DamagedDataException(damage);
                        }
                    }
                };
        client.request(0, READ, 1, 0, 4 * MIB);
        var chunks = client.chunks();
        var error = chunks.removeLast();
        assertThat(error.type()).isEqualTo(0x8002);
        assertThat(error.error()).isEqualTo(EIO);
        assertThat(error.message()).isEqualTo(damage.toString());
        var failedAt = error.buffer().getLong(error.payload().length - 8);
        assertThat(failedAt).isEqualTo(2 * MIB);
        assertThat(chunks).allSatisfy(chunk -> assertThat(isTrueOf(chunk, failedAt)).isTrue());

        assertThat(client.exchange(DF, READ, 2 * MIB, 512).error()).isEqualTo(EIO);
        assertThat(simple.exchange(0, READ, MIB, 2 * MIB).error()).isEqualTo(EIO);
        assertThat(client.exchange(0, CACHE, 0, 4 * MIB).error()).isEqualTo(EIO);
        assertThat(read(client, 0, 3 * MIB, MIB)).isEqualTo(disk.bytes(3 * MIB, MIB));
    }

    private boolean isTrueOf(Answer chunk, long end) {
        var payload = chunk.buffer();
        var offset = payload.getLong();
        return offset + payload.remaining() <= end
                && payload.equals(ByteBuffer.wrap(disk.bytes(offset, payload.remaining())));
    }

    @Test
    void aFullStagingAreaIsNoRoomOnTheDevice() throws IOException {
        disk.interference =
                new Interference() {
                    @Override
                    public void change(long offset, long length) throws IOException {
                        throw new NoRoomException("staging area is full");
                    }
                };
        client.write(0, 1, 0, random(4096));
        var answer = client.answer();
        assertThat(answer.error()).isEqualTo(ENOSPC);
        assertThat(answer.message()).isEqualTo("staging area is full");
        client.write(FUA, 1, 0, random(4 * MIB));
        assertThat(client.answer().error()).isEqualTo(ENOSPC);
        assertThat(client.exchange(0, WRITE_ZEROES, 0, 4096).error()).isEqualTo(ENOSPC);
        assertThat(disk.flushes).hasValue(0);
    }

    @Test
    void aFailedFlushIsToldForFlushAndFua() throws IOException {
        disk.interference =
                new Interference() {
                    @Override
                    public void flush() throws IOException {
                        throw new IOException("fsync on /secret: input/output error");
                    }
                };
        assertThat(client.exchange(0, FLUSH, 0, 0).message()).doesNotContain("secret");
        client.write(FUA, 1, 0, random(MIB));
        assertThat(client.answer().error()).isEqualTo(EIO);
    }

    @Test
    void aBrokenPromiseBelowFailsThatRequestOnly() throws IOException {
        disk.interference =
                new Interference() {
                    @Override
                    public void read(long offset, int length) {
                        throw new IllegalStateException("bug");
                    }

                    @Override
                    public void change(long offset, long length) {
                        throw new IllegalStateException("bug");
                    }
                };
        assertThat(client.exchange(0, READ, 0, 4096).error()).isEqualTo(EIO);
        client.write(0, 1, 0, random(MIB));
        assertThat(client.answer().error()).isEqualTo(EIO);
        assertThat(client.exchange(0, TRIM, 0, 4096).error()).isEqualTo(EIO);
        disk.interference = new Interference() {};
        assertThat(read(client, 0, 0, 4096)).containsOnly(0);
    }

    private static Interference blockedReads(CountDownLatch release) {
        return new Interference() {
            @Override
            public void read(long offset, int length) throws IOException {
                awaitQuietly(release);
            }
        };
    }

    private static void awaitQuietly(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static byte[] read(NbdClient client, int flags, long offset, int length)
            throws IOException {
        client.request(flags, READ, 9, offset, length);
        return client.assemble(client.chunks(), offset, length);
    }

    private static String extents(Answer answer) {
        var payload = answer.buffer();
        var text = new StringBuilder().append(payload.getInt()).append(":");
        while (payload.hasRemaining()) {
            text.append(" %d/%d".formatted(payload.getInt(), payload.getInt()));
        }
        return text.toString();
    }

    private static byte[] random(int length) {
        var bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }
}
