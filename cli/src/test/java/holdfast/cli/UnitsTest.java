package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1.0 KiB",
        "1048575, 1.0 MiB",
        "1048576, 1.0 MiB",
        "1610612736, 1.5 GiB",
        "17592186044416, 16.0 TiB",
        "9223372036854775807, 8.0 EiB",
    })
    void sizesKeepOneDecimalAndNeverReachTheNextUnitsWidth(long bytes, String text) {
        assertThat(Units.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 ms",
        "999, 999 ms",
        "1000, 1.0 s",
        "59949, 59.9 s",
        "59950, 1 min 00 s",
        "200000, 3 min 20 s",
        "3599600, 1 h 00 min",
        "18120000, 5 h 02 min",
        "273600000, 3 d 04 h",
    })
    void spansKeepTheTwoFiguresThatMatter(long millis, String text) {
        assertThat(Units.span(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 100, 0.0%", "99999, 100000, 99.9%", "100, 100, 100.0%", "5, 0, -"})
    void aPartIsNeverCalledTheWhole(long part, long whole, String text) {
        assertThat(Units.percent(part, whole)).isEqualTo(text);
    }
}
