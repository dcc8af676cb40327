package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
    private static final Row COMPARED =
            Row.compared(
                    "copy",
                    "seconds",
                    Row.Better.LESS,
                    Samples.of(9, 2, 4),
                    "peer",
                    Samples.of(3, 4, 1));
    private static final Row ALONE =
            Row.alone("lag", "full comparisons", Row.Better.LESS, Samples.of(0));

    @Test
    void spreadIsOfAllFiguresInWhateverOrderTheyCame() {
        var samples = Samples.of(5, 1, 4, 2);
        assertThat(samples.min()).isEqualTo(1);
        assertThat(samples.median()).isEqualTo(3);
        assertThat(samples.max()).isEqualTo(5);
        assertThat(samples.quantile(0.5)).isEqualTo(2);
        assertThat(samples.quantile(0.99)).isEqualTo(5);
        assertThat(Samples.of(7).quantile(0.99)).isEqualTo(7);
    }

    /// Divided pair by pair: the median of ratios is not the ratio of medians (4 / 3).
    @Test
    void ratiosAreOfPairs() {
        var ratio = COMPARED.ratio().orElseThrow();
        assertThat(ratio.values()).containsExactly(3.0, 0.5, 4.0);
        assertThat(ratio.median()).isEqualTo(3);
    }

    @Test
    void figuresWithoutAPartnerAreRefused() {
        assertThatThrownBy(() ->
                        Row.compared(
                                "copy",
                                "seconds",
                                Row.Better.LESS,
                                Samples.of(1, 2),
                                "peer",
                                Samples.of(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Samples(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Samples.of(1.0 / 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theTableShowsEveryFigureWithWhatItWasComparedWith() {
        assertThat(ResultTable.lines(List.of(COMPARED, ALONE)))
                .containsExactly(
                        "BENCHMARK  MEASURE           BETTER  HOLDFAST            PEER  PEER'S              HOLDFAST/PEER",
                        "                                     min / median / max        min / median / max  min / median / max",
                        "copy       seconds           less    2.00 / 4.00 / 9.00  peer  1.00 / 3.00 / 4.00  0.500 / 3.00 / 4.00",
                        "lag        full comparisons  less    0 / 0 / 0           -     -                   -");
    }

    @Test
    void figuresKeepThreeDigits() {
        assertThat(List.of(0.04567, 1.234, 45.67, 1234.5).stream().map(ResultTable::figure))
                .containsExactly("0.046", "1.23", "45.7", "1235");
    }

    @Test
    void jsonHoldsEveryFigureInItsOrder() {
        var report =
                new Report(
                        Instant.EPOCH,
                        Map.of("commit", "abc"),
                        List.of(COMPARED, ALONE),
                        List.of("recovery: no disk"));
        var json = JsonMapper.shared().readTree(report.json());
        assertThat(json.at("/facts/commit").asString()).isEqualTo("abc");
        assertThat(json.at("/rows/0/holdfast/values").toString()).isEqualTo("[9.0,2.0,4.0]");
        assertThat(json.at("/rows/0/peer/name").asString()).isEqualTo("peer");
        assertThat(json.at("/rows/0/ratio/median").asDouble()).isEqualTo(3);
        assertThat(json.at("/rows/1").has("peer")).isFalse();
        assertThat(json.at("/failures/0").asString()).isEqualTo("recovery: no disk");
        assertThat(report.lines().getLast()).isEqualTo("FAILED recovery: no disk");
    }
}
