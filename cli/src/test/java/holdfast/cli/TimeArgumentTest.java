package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeArgumentTest {
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

    /// 16:30 in Berlin, winter time.
    private static final Instant NOW = Instant.parse("2026-11-21T15:30:00Z");

    @ParameterizedTest
    @CsvSource({
        "2026-11-21T08:15:30.250Z, 2026-11-21T08:15:30.250Z",
        "2026-11-21T08:15:30+01:00, 2026-11-21T07:15:30Z",
        "2026-11-21T08:15:30, 2026-11-21T07:15:30Z",
        "2026-11-21 08:15:30.5, 2026-11-21T07:15:30.500Z",
        "2026-07-01 08:15, 2026-07-01T06:15:00Z",
        "08:15, 2026-11-21T07:15:00Z",
        "16:29:59.999, 2026-11-21T15:29:59.999Z",
        "-5m, 2026-11-21T15:25:00Z",
        "-1h30m, 2026-11-21T14:00:00Z",
        "-2d, 2026-11-19T15:30:00Z",
        "-0.5s, 2026-11-21T15:29:59.500Z",
        "-1d2h3m4.05s, 2026-11-20T13:26:55.950Z",
    })
    void everyDocumentedFormNamesItsInstant(String text, Instant instant) {
        assertThat(TimeArgument.parse(text, NOW, BERLIN)).isEqualTo(instant);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-21T07:15:30Z, 2026-11-21 08:15:30.000",
        "2026-11-21T07:15:30.250Z, 2026-11-21 08:15:30.250",
        "2026-11-21T07:15:30.250001Z, 2026-11-21 08:15:30.250001",
        "2026-11-21T07:15:30.250000001Z, 2026-11-21 08:15:30.250000001",
    })
    void noDigitOfAPointIsLost(Instant instant, String text) {
        assertThat(TimeArgument.exact(instant, BERLIN)).isEqualTo(text);
        assertThat(TimeArgument.parse(text, NOW, BERLIN)).isEqualTo(instant);
    }

    @Test
    void whatIsShownCanBeTyped() {
        var instant = Instant.parse("2026-11-21T07:15:30.250Z");
        assertThat(TimeArgument.shown(instant, BERLIN)).isEqualTo("2026-11-21 08:15:30.250");
        assertThat(TimeArgument.parse(TimeArgument.shown(instant, BERLIN), NOW, BERLIN))
                .isEqualTo(instant);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "-5",
                "5m",
                "-m",
                "-5x",
                "-5m3h",
                "noon",
                "25:00",
                "08:61",
                "2026-11-21",
                "2026-13-01T00:00:00Z",
                "2026-11-21T08:15:30Zulu",
                "-99999999999999d",
            })
    void whatIsNoTimeIsToldWhatATimeLooksLike(String text) {
        assertThatThrownBy(() -> TimeArgument.parse(text, NOW, BERLIN))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("'" + text + "' is no time: write 2026-11-21T08:15:30Z");
    }

    @Test
    void aTimeOfDayStillToComeIsRefusedAndYesterdayOffered() {
        assertThatThrownBy(() -> TimeArgument.parse("23:10:00", NOW, BERLIN))
                .isInstanceOf(UsageException.class)
                .hasMessage(
                        "23:10:00 today is still to come (it is 2026-11-21 16:30:00.000); "
                                + "for yesterday write 2026-11-20T23:10:00");
    }

    @Test
    void theFutureIsRefused() {
        assertThatThrownBy(() -> TimeArgument.parse("2062-11-21T08:15:30Z", NOW, ZoneOffset.UTC))
                .isInstanceOf(UsageException.class)
                .hasMessage(
                        "2062-11-21T08:15:30Z lies in the future (it is 2026-11-21 15:30:00.000)");
    }

    @Test
    void anHourThatHappenedTwiceMustBeNamedExactly() {
        assertThatThrownBy(() -> TimeArgument.parse("2026-10-25 02:30", NOW, BERLIN))
                .isInstanceOf(UsageException.class)
                .hasMessage(
                        "2026-10-25 02:30 happened twice in Europe/Berlin: "
                                + "say which by adding +02:00 or +01:00");
        assertThat(TimeArgument.parse("2026-10-25 02:30+01:00", NOW, BERLIN))
                .isEqualTo(Instant.parse("2026-10-25T01:30:00Z"));
    }

    @Test
    void anHourThatNeverHappenedIsRefused() {
        assertThatThrownBy(() -> TimeArgument.parse("2026-03-29 02:30", NOW, BERLIN))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("does not exist in Europe/Berlin");
    }
}
