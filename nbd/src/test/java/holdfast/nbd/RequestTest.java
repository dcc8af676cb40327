package holdfast.nbd;

import static holdfast.nbd.ErrorCode.EINVAL;
import static holdfast.nbd.ErrorCode.ENOSPC;
import static holdfast.nbd.ErrorCode.EOVERFLOW;
import static holdfast.nbd.ErrorCode.EPERM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTest {
    private static final long SIZE = 1L << 40;
    private static final Agreement BRANCH = new Agreement("x", SIZE, true, true, true);
    private static final Agreement POINT = new Agreement("x", SIZE, false, true, true);
    private static final Agreement PLAIN = new Agreement("x", SIZE, true, false, false);

    @Test
    void readsTheHeaderOfTheProtocol() throws ProtocolException {
        var bytes =
                HexFormat.of()
                        .parseHex(
                                "25609513"
                                        + "0005"
                                        + "0007"
                                        + "f000000000000001"
                                        + "0000000100000200"
                                        + "ffffffff");
        assertThat(Request.decode(ByteBuffer.wrap(bytes)))
                .isEqualTo(new Request(5, 7, 0xf000000000000001L, 0x100000200L, 0xffffffffL));
    }

    @Test
    void aWrongMagicIsNoRequest() {
        for (var bit = 0; bit < 32; bit++) {
            var bytes = ByteBuffer.allocate(28).putInt(0, 0x25609513 ^ 1 << bit);
            assertThatThrownBy(() -> Request.decode(bytes)).isInstanceOf(ProtocolException.class);
        }
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of("unknown command", BRANCH, request(0, 8, 0, 0), EINVAL),
                Arguments.of("unknown command", BRANCH, request(0, 0xffff, 0, 0), EINVAL),
                Arguments.of("unknown flag", BRANCH, request(1 << 5, 0, 0, 1), EINVAL),
                Arguments.of("DF on write", BRANCH, request(4, 1, 0, 1), EINVAL),
                Arguments.of("NO_HOLE on trim", BRANCH, request(2, 4, 0, 1), EINVAL),
                Arguments.of("FAST_ZERO on write", BRANCH, request(16, 1, 0, 1), EINVAL),
                Arguments.of("REQ_ONE on read", BRANCH, request(8, 0, 0, 1), EINVAL),
                Arguments.of("DF, simple replies", PLAIN, request(4, 0, 0, 1), EINVAL),
                Arguments.of("write to a point", POINT, request(0, 1, 0, 1), EPERM),
                Arguments.of("trim of a point", POINT, request(0, 4, 0, 1), EPERM),
                Arguments.of("zeroes to a point", POINT, request(0, 6, 0, 1), EPERM),
                Arguments.of("read beyond", BRANCH, request(0, 0, SIZE - 1, 2), EINVAL),
                Arguments.of("read far beyond", BRANCH, request(0, 0, -1, 1), EINVAL),
                Arguments.of("overflow", BRANCH, request(0, 0, Long.MAX_VALUE, 2), EINVAL),
                Arguments.of("write beyond", BRANCH, request(0, 1, SIZE, 1), ENOSPC),
                Arguments.of("zeroes beyond", BRANCH, request(0, 6, SIZE, 1), ENOSPC),
                Arguments.of("trim beyond", BRANCH, request(0, 4, SIZE, 1), EINVAL),
                Arguments.of("cache beyond", BRANCH, request(0, 5, SIZE, 1), EINVAL),
                Arguments.of("status beyond", BRANCH, request(0, 7, SIZE, 1), EINVAL),
                Arguments.of("status of nothing", BRANCH, request(0, 7, 0, 0), EINVAL),
                Arguments.of("status, none agreed", PLAIN, request(0, 7, 0, 1), EINVAL),
                Arguments.of("flush of a range", BRANCH, request(0, 3, 0, 1), EINVAL),
                Arguments.of("long read", BRANCH, request(0, 0, 0, (32 << 20) + 1), EINVAL),
                Arguments.of("long DF read", BRANCH, request(4, 0, 0, (4 << 20) + 1), EOVERFLOW),
                Arguments.of("long simple read", PLAIN, request(0, 0, 0, (4 << 20) + 1), EINVAL));
    }

    @ParameterizedTest(name = "{0}: {3}")
    @MethodSource("refused")
    void whatTheProtocolForbidsIsRefused(
            String name, Agreement agreement, Request request, ErrorCode error) {
        assertThat(request.refusal(agreement).map(Failure::error)).as(name).contains(error);
    }

    static Stream<Arguments> allowed() {
        return Stream.of(
                Arguments.of(BRANCH, request(1, 0, SIZE - 1, 1)),
                Arguments.of(BRANCH, request(0, 0, SIZE, 0)),
                Arguments.of(BRANCH, request(0, 0, 1, 32 << 20)),
                Arguments.of(BRANCH, request(5, 0, 0, 4 << 20)),
                Arguments.of(PLAIN, request(0, 0, 0, 4 << 20)),
                Arguments.of(BRANCH, request(1, 1, 1, 3)),
                Arguments.of(BRANCH, request(1, 3, 0, 0)),
                Arguments.of(POINT, request(0, 3, 0, 0)),
                Arguments.of(BRANCH, request(1, 4, 0, 0xffffffffL)),
                Arguments.of(POINT, request(0, 5, 0, 0xffffffffL)),
                Arguments.of(BRANCH, request(1 | 2 | 16, 6, 0, 0xffffffffL)),
                Arguments.of(POINT, request(1 | 8, 7, 0, 0xffffffffL)));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("allowed")
    void whatTheProtocolAllowsIsNotRefused(Agreement agreement, Request request) {
        assertThat(request.refusal(agreement)).isEmpty();
    }

    /// A name is the peer's word, and ends up in logs.
    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\"b", "a\u0000b", "a\u001b[2J"})
    void peersCannotForgeLogLines(String name) {
        assertThat(Strings.quoted(name)).matches("\"a\\?.*b?\"").doesNotContain("\n", "\u001b");
    }

    @Test
    void longMessagesAreCutBetweenCharacters() {
        var cut = Strings.encode("x" + "ö".repeat(4096));
        assertThat(cut).hasSize(4095);
        assertThat(Strings.encode("ö".repeat(2048))).hasSize(4096);
    }

    private static Request request(int flags, int type, long offset, long length) {
        return new Request(flags, type, 1, offset, length);
    }
}
