package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.BlockRun;
import holdfast.format.Compression;
import holdfast.format.PackedExtent;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCodecTest {
    private static final Path DOCUMENT = Path.of("../docs/formats/wire.md");
    private static final Pattern EXAMPLE =
            Pattern.compile("### ([A-Z_]+)\n\n```hex\n(.*?)\n```", Pattern.DOTALL);
    private static final Pattern LINE = Pattern.compile("^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)");
    private static final Allowance UNLIMITED = _ -> {};

    /// The frames whose bytes the document gives.
    private static Frame example(FrameType type) {
        return switch (type) {
            case HELLO -> new Frame.Hello(1, 6);
            case AGREED -> new Frame.Agreed(6);
            case BEGIN ->
                    new Frame.Begin(
                            Stage.MACHINE,
                            List.of(new DiskFacts("/dev/sda", 8L << 30, "VBOX", "S1")),
                            6);
            case BEGAN ->
                    new Frame.Began(
                            new ReplicationLink.Session(
                                    "s-00000000000000001",
                                    "st-1",
                                    List.of(
                                            new ReplicationLink.Session.Disk(
                                                    "vol-00000000000000001", false, 41))),
                            16L << 20);
            case EXTENTS ->
                    new Frame.Extents(
                            1,
                            0,
                            List.of(
                                    new PackedExtent(
                                            0x1000, 64, Compression.ZERO, 0x85cac85f, new byte[0]),
                                    new PackedExtent(
                                            0x2000,
                                            1,
                                            Compression.LZ4,
                                            0x01020304,
                                            new byte[] {0x1f, 0, 1})));
            case COMPARE -> new Frame.Compare(2, 0, 0, 100, 64, List.of(counting(0), counting(16)));
            case COMPARED -> new Frame.Compared(2, 10, BitSet.valueOf(new long[] {0b01_0000_0010}));
            case ROUND_END ->
                    new Frame.RoundEnd(
                            3, 42, true, false, Instant.ofEpochSecond(1793534400, 500000000), 17);
            case ACK -> new Frame.Ack(3);
            case CREDIT -> new Frame.Credit(0x1002000);
            case REPORT ->
                    new Frame.Report(
                            new AgentReport(
                                    AgentReport.State.CONTINUOUS,
                                    "",
                                    1000,
                                    2000,
                                    3000,
                                    1793534400123L,
                                    List.of(
                                            new AgentReport.Disk(
                                                    "/dev/sda", 8L << 30, 8L << 30, 0, 4096))));
            case STATUS -> new Frame.Status("staging area full");
            case PING -> new Frame.Ping(7);
            case PONG -> new Frame.Pong(7);
            case ERROR -> Failures.version(7, 8);
            case FINISH -> new Frame.Finish();
            case FINISHED -> new Frame.Finished(42);
            case GOODBYE -> new Frame.Goodbye();
            case LIMIT -> new Frame.Limit(12_500_000);
            case CERTIFICATE_REQUEST -> new Frame.CertificateRequest(new byte[] {0x30, 1, 2});
            case CERTIFICATE ->
                    new Frame.Certificate(
                            "", List.of(new byte[] {0x30, 3, 4}, new byte[] {0x30, 5}));
            case TAKE_POINT -> new Frame.TakePoint(1, 4711);
            case POINT ->
                    new Frame.Point(
                            1, 4720, Instant.ofEpochSecond(1793534400, 500000000), true, false);
            case LIST_CHANGES -> new Frame.ListChanges(2, 0, 0);
            case CHANGES ->
                    new Frame.Changes(
                            2, true, List.of(new BlockRun(0x10, 2), new BlockRun(0x1000, 64)));
            case PULL ->
                    new Frame.Pull(3, 0, List.of(new BlockRun(0x10, 2), new BlockRun(0x1000, 64)));
            case VERIFIED -> new Frame.Verified(4, 4720, List.of(new ComparedDisk(8L << 30, 0)));
        };
    }

    @ParameterizedTest
    @EnumSource
    void framesAreTheBytesOfTheDocument(FrameType type) throws IOException {
        var bytes = documented().get(type.name());
        assertThat(encode(example(type))).isEqualTo(bytes);
        assertThat(decode(bytes)).get().usingRecursiveComparison().isEqualTo(example(type));
    }

    @ParameterizedTest
    @EnumSource
    void everyTruncationIsRefused(FrameType type) throws IOException {
        var bytes = encode(example(type));
        for (var length = 1; length < bytes.length; length++) {
            var cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> decode(cut)).isInstanceOf(ProtocolException.class);
        }
        assertThat(decode(new byte[0])).isEmpty();
    }

    /// Whatever one byte is changed to, the outcome is a frame or a [ProtocolException], and a
    /// frame that was decoded can be encoded again.
    @ParameterizedTest
    @EnumSource
    void everyChangeOfOneByteIsRefusedOrKeepsEveryLimit(FrameType type) throws IOException {
        var bytes = encode(example(type));
        for (var at = 0; at < bytes.length; at++) {
            for (var change = 1; change < 256; change++) {
                var changed = bytes.clone();
                changed[at] ^= (byte) change;
                try {
                    var frame = decode(changed);
                    assertThat(encode(frame.orElseThrow())).isEqualTo(changed);
                } catch (ProtocolException e) {
                    assertThat(e).hasMessageNotContaining("\n");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomBytesAreRefused(long seed) throws IOException {
        var random = new SplittableRandom(seed);
        for (var i = 0; i < 20_000; i++) {
            var payload = new byte[random.nextInt(200)];
            random.nextBytes(payload);
            var types = FrameType.values();
            var type = types[random.nextInt(types.length)].code();
            var frame = ByteBuffer.allocate(8 + payload.length);
            frame.putInt(payload.length).put((byte) type).put(new byte[3]).put(payload);
            try {
                decode(frame.array());
            } catch (ProtocolException _) {
                // as it should be for nearly all of them
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFrameLargerThanItsTypeAllowsIsRefusedByItsHeader(FrameType type) {
        var header = ByteBuffer.allocate(8).putInt(type.payloadBytesMax() + 1);
        header.put((byte) type.code());
        assertThatThrownBy(() -> decode(header.array()))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("expected at most " + type.payloadBytesMax());
    }

    @Test
    void noMemoryIsTakenForWhatThereIsNoCreditFor() {
        var bytes = encode(new Frame.Extents(1, 0, List.of(Samples.noise(0, 64, 1))));
        var headerOnly = Arrays.copyOf(bytes, 8 + 12 + Wire.EXTENT_HEADER_BYTES);
        Allowance poor =
                cost -> {
                    throw new ProtocolException("asked for " + cost);
                };
        assertThatThrownBy(() -> new FrameDecoder(new ByteArrayInputStream(headerOnly)).next(poor))
                .hasMessage("asked for " + (64 + 64 * 4096));
    }

    @Test
    void textForPeopleIsCutAndCleanedAndNamesAreNot() throws IOException {
        var long2 = "ä".repeat(600);
        assertThat(decode(encode(new Frame.Status("a\nb" + long2))))
                .contains(new Frame.Status("a b" + "ä".repeat(510)));
        var disks = List.of(new DiskFacts(long2, 1, "", ""));
        assertThatThrownBy(() -> encode(new Frame.Begin(Stage.MACHINE, disks, 6)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Map<String, byte[]> documented() throws IOException {
        var examples = new LinkedHashMap<String, byte[]>();
        var matcher = EXAMPLE.matcher(Files.readString(DOCUMENT));
        while (matcher.find()) {
            var hex = new StringBuilder();
            for (var line : matcher.group(2).split("\n", -1)) {
                var bytes = LINE.matcher(line);
                assertThat(bytes.find()).as(line).isTrue();
                hex.append(bytes.group(1).replace(" ", ""));
            }
            examples.put(matcher.group(1), HexFormat.of().parseHex(hex));
        }
        return examples;
    }

    private static byte[] encode(Frame frame) {
        var out = new WireOutput();
        FrameEncoder.encode(frame, out);
        var bytes = new ByteArrayOutputStream();
        try {
            out.writeTo(bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    private static Optional<Frame> decode(byte[] bytes) throws IOException {
        return new FrameDecoder(new ByteArrayInputStream(bytes)).next(UNLIMITED);
    }

    private static byte[] counting(int from) {
        var bytes = new byte[16];
        for (var i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (from + i);
        }
        return bytes;
    }
}
