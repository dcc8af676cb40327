package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.volume.VolumeView.Run;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Bytes worked out by hand from the protocol's text.
class ReplyCodecTest {
    private static final long COOKIE = 0x0102030405060708L;

    private final ByteBuffer out = ByteBuffer.allocate(100);

    @Test
    void simpleReply() {
        ReplyCodec.simple(out, COOKIE, 22);
        assertThat(hex()).isEqualTo("67446698" + "00000016" + "0102030405060708");
    }

    @Test
    void emptyChunk() {
        ReplyCodec.none(out, COOKIE);
        assertThat(hex()).isEqualTo("668e33ef" + "0001" + "0000" + "0102030405060708" + "00000000");
    }

    @Test
    void dataChunk() {
        ReplyCodec.dataHeader(out, COOKIE, 0x1000, 0x200, false);
        assertThat(hex())
                .isEqualTo(
                        "668e33ef"
                                + "0000"
                                + "0001"
                                + "0102030405060708"
                                + "00000208"
                                + "0000000000001000");
    }

    @Test
    void holeChunk() {
        ReplyCodec.hole(out, COOKIE, 0x1000, 0x80000000L, true);
        assertThat(hex())
                .isEqualTo(
                        "668e33ef"
                                + "0001"
                                + "0002"
                                + "0102030405060708"
                                + "0000000c"
                                + "0000000000001000"
                                + "80000000");
    }

    @Test
    void blockStatusChunk() {
        var runs = List.of(new Run(0, 0x1000, true), new Run(0x1000, 0xfffff000L, false));
        ReplyCodec.blockStatus(out, COOKIE, runs);
        assertThat(hex())
                .isEqualTo(
                        "668e33ef"
                                + "0001"
                                + "0005"
                                + "0102030405060708"
                                + "00000014"
                                + "00000001"
                                + "00001000"
                                + "00000000"
                                + "fffff000"
                                + "00000003");
        assertThat(out.position()).isEqualTo(ReplyCodec.blockStatusBytes(2));
    }

    @Test
    void errorChunks() {
        var failure = new Failure(ErrorCode.EIO, "öl");
        assertThat(HexFormat.of().formatHex(ReplyCodec.error(COOKIE, failure)))
                .isEqualTo(
                        "668e33ef"
                                + "0001"
                                + "8001"
                                + "0102030405060708"
                                + "00000009"
                                + "00000005"
                                + "0003"
                                + "c3b66c");
        assertThat(HexFormat.of().formatHex(ReplyCodec.error(COOKIE, failure, 0x1000)))
                .isEqualTo(
                        "668e33ef"
                                + "0001"
                                + "8002"
                                + "0102030405060708"
                                + "00000011"
                                + "00000005"
                                + "0003"
                                + "c3b66c"
                                + "0000000000001000");
    }

    private String hex() {
        return HexFormat.of().formatHex(out.array(), 0, out.position());
    }
}
