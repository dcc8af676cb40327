package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import holdfast.nbd.Option.Describe;
import holdfast.nbd.Option.ExportName;
import holdfast.nbd.Option.ListExports;
import holdfast.nbd.Option.Malformed;
import holdfast.nbd.Option.MetaContext;
import holdfast.nbd.Option.Unknown;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionTest {
    private static final byte[] NOTHING = new byte[0];

    @Test
    void readsWhatTheProtocolDescribes() {
        assertThat(Option.decode(1, "größe".getBytes(UTF_8))).isEqualTo(new ExportName("größe"));
        assertThat(Option.decode(1, NOTHING)).isEqualTo(new ExportName(""));
        assertThat(Option.decode(3, NOTHING)).isEqualTo(new ListExports());
        assertThat(Option.decode(6, NbdClient.infoData("a", 3, 1, 3)))
                .isEqualTo(new Describe("a", Set.of(1, 3), false));
        assertThat(Option.decode(7, NbdClient.infoData("")))
                .isEqualTo(new Describe("", Set.of(), true));
        assertThat(Option.decode(9, NbdClient.metaData("a", "base:", "x-y:z")))
                .isEqualTo(new MetaContext("a", List.of("base:", "x-y:z"), false));
        assertThat(Option.decode(10, NbdClient.metaData("a")))
                .isEqualTo(new MetaContext("a", List.of(), true));
        assertThat(Option.decode(11, NOTHING)).isEqualTo(new Unknown());
        assertThat(Option.decode(-1, new byte[100])).isEqualTo(new Unknown());
    }

    @Test
    void aBareNamespaceListsButDoesNotSelect() {
        assertThat(new MetaContext("", List.of("base:"), false).asksForAllocation()).isTrue();
        assertThat(new MetaContext("", List.of(), false).asksForAllocation()).isTrue();
        assertThat(new MetaContext("", List.of("base:"), true).asksForAllocation()).isFalse();
        assertThat(new MetaContext("", List.of(), true).asksForAllocation()).isFalse();
        assertThat(new MetaContext("", List.of("x:y"), false).asksForAllocation()).isFalse();
        assertThat(new MetaContext("", List.of("x:y", "base:allocation"), true).asksForAllocation())
                .isTrue();
    }

    static Stream<Arguments> valid() {
        return Stream.of(
                Arguments.of(6, NbdClient.infoData("name", 0, 3)),
                Arguments.of(7, NbdClient.infoData("name")),
                Arguments.of(9, NbdClient.metaData("name", "base:allocation", "base:")),
                Arguments.of(10, NbdClient.metaData("name", "base:allocation")));
    }

    @ParameterizedTest(name = "option {0}")
    @MethodSource("valid")
    void everyTruncationAndEveryExtraByteIsMalformed(int number, byte[] data) {
        for (var length = 0; length < data.length; length++) {
            assertThat(Option.decode(number, Arrays.copyOf(data, length)))
                    .isInstanceOf(Malformed.class);
        }
        assertThat(Option.decode(number, Arrays.copyOf(data, data.length + 1)))
                .isInstanceOf(Malformed.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 8})
    void optionsWithoutDataTakeNone(int number) {
        assertThat(Option.decode(number, new byte[1])).isInstanceOf(Malformed.class);
    }

    /// A length field that promises more than there is must cost nothing.
    @ParameterizedTest
    @ValueSource(ints = {5, 4097, 1 << 20, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void lengthsBeyondTheDataAreMalformed(int length) {
        for (var number : List.of(6, 7, 9, 10)) {
            assertThat(Option.decode(number, ByteBuffer.allocate(8).putInt(length).array()))
                    .isInstanceOf(Malformed.class);
        }
        var countOfQueries = ByteBuffer.allocate(12).putInt(0).putInt(length).array();
        assertThat(Option.decode(10, countOfQueries)).isInstanceOf(Malformed.class);
    }

    @Test
    void stringsAreUtf8WithoutNulAndOfBoundedLength() {
        assertThat(Option.decode(1, new byte[] {(byte) 0xc3})).isInstanceOf(Malformed.class);
        assertThat(Option.decode(1, new byte[] {'a', 0})).isInstanceOf(Malformed.class);
        assertThat(Option.decode(1, "x".repeat(4096).getBytes(UTF_8)))
                .isInstanceOf(ExportName.class);
        assertThat(Option.decode(1, "x".repeat(4097).getBytes(UTF_8)))
                .isInstanceOf(Malformed.class);
    }

    static IntStream seeds() {
        return IntStream.range(0, 20);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void noBytesMakeItThrow(int seed) {
        var random = new SplittableRandom(seed);
        for (var i = 0; i < 2000; i++) {
            var data = new byte[random.nextInt(64)];
            random.nextBytes(data);
            for (var at = 0; at + 4 <= data.length; at += 4) {
                if (random.nextBoolean()) { // small numbers get further
                    ByteBuffer.wrap(data).putInt(at, random.nextInt(20));
                }
            }
            var number = random.nextInt(12);
            assertThatCode(() -> Option.decode(number, data)).doesNotThrowAnyException();
        }
    }
}
