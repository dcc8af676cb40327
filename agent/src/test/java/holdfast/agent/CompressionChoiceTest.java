package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.format.Compression;
import org.junit.jupiter.api.Test;

class CompressionChoiceTest {
    private static final long MILLI = 1_000_000;

    @Test
    void savesBytesOnlyWhileTheLinkIsTheNarrowPlace() {
        var choice = new CompressionChoice();
        assertThat(choice.current()).isEqualTo(Compression.LZ4);
        choice.waiting(100 * MILLI);
        choice.sending(450 * MILLI);
        assertThat(choice.current()).isEqualTo(Compression.ZSTD);
        choice.waiting(250 * MILLI);
        choice.sending(300 * MILLI);
        assertThat(choice.current()).as("no clear majority").isEqualTo(Compression.ZSTD);
        choice.sending(10 * MILLI);
        choice.waiting(600 * MILLI);
        assertThat(choice.current()).isEqualTo(Compression.LZ4);
    }
}
