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
        choice.sending(450 * MILLI, 1 << 20);
        assertThat(choice.current()).isEqualTo(Compression.ZSTD);
        choice.waiting(250 * MILLI);
        choice.sending(300 * MILLI, 1 << 20);
        assertThat(choice.current()).as("no clear majority").isEqualTo(Compression.ZSTD);
        choice.sending(10 * MILLI, 1 << 20);
        choice.waiting(600 * MILLI);
        assertThat(choice.current()).isEqualTo(Compression.LZ4);
    }

    /// As on a loopback device, or a fast network to a busy replicator.
    @Test
    void aLinkThatTakesMuchIsNotNarrowHoweverLongItIsWaitedFor() {
        var choice = new CompressionChoice();
        choice.sending(600 * MILLI, 60_000_000);
        assertThat(choice.current()).isEqualTo(Compression.LZ4);
        choice.sending(600 * MILLI, 6_000_000);
        assertThat(choice.current()).isEqualTo(Compression.ZSTD);
        choice.sending(600 * MILLI, 60_000_000);
        assertThat(choice.current()).isEqualTo(Compression.LZ4);
    }
}
