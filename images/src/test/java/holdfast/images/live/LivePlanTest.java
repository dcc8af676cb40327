package holdfast.images.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LivePlanTest {
    @TempDir private Path folder;

    @Test
    void wordsArePartedAtBlanks() throws Exception {
        assertThat(LivePlan.of(Optional.empty(), "  A=b/c+d==  -- --no-prompt ").kernelArguments())
                .containsExactly("A=b/c+d==", "--", "--no-prompt");
        assertThat(LivePlan.of(Optional.empty(), "").kernelArguments()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"A='b'", "A=\"b\"", "A=ä", "A=\u0007"})
    void whatABootLoaderWouldTakeApartIsRefused(String word) {
        assertThatThrownBy(() -> LivePlan.of(Optional.empty(), "quiet " + word))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(word);
    }

    @Test
    void moreThanTheKernelTakesIsRefused() {
        assertThatThrownBy(() -> LivePlan.of(Optional.empty(), "A=b ".repeat(500)))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("at most 1800");
    }

    @Test
    void whatIsNoCertificateIsNamed() throws Exception {
        var file = Files.writeString(folder.resolve("ca.pem"), "no certificate");

        assertThatThrownBy(() -> LivePlan.of(Optional.of(file), ""))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(file + " is no PEM certificate");
        assertThatThrownBy(() -> LivePlan.of(Optional.of(folder.resolve("none")), ""))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("none is not there: name ca.pem");
    }
}
