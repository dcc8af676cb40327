package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StandardErrorLogTest {
    private final System.Logger ours =
            new StandardErrorLog().getLogger("holdfast.test", getClass().getModule());

    private static String printed(Runnable work) {
        var before = System.err;
        var bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            StandardErrorLog.start();
            work.run();
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void anEventIsOneLineWithFiguresAsTheyAre() {
        var line =
                printed(() ->
                        ours.log(
                                System.Logger.Level.INFO,
                                "disk={0} bytes={1}",
                                "/dev/vda",
                                1234567L));
        assertThat(line)
                .matches(
                        "20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z INFO holdfast.test disk=/dev/vda bytes=1234567\n");
    }

    @Test
    void aTextWithoutValuesIsNoPattern() {
        assertThat(printed(() -> ours.log(System.Logger.Level.WARNING, "it's {0}")))
                .endsWith("WARNING holdfast.test it's {0}\n");
    }

    @Test
    void librariesSpeakFromWarningsOn() {
        var library = new StandardErrorLog().getLogger("io.example", getClass().getModule());
        assertThat(printed(() -> library.log(System.Logger.Level.INFO, "started"))).isEmpty();
        assertThat(printed(() -> library.log(System.Logger.Level.WARNING, "odd"))).contains("odd");
    }

    @Test
    void onlyErrorsOfOurOwnCarryATrace() {
        var cause = new IllegalStateException("broken");
        assertThat(printed(() -> ours.log(System.Logger.Level.WARNING, "disk=sda", cause)))
                .endsWith("disk=sda: java.lang.IllegalStateException: broken\n")
                .hasLineCount(1);
        assertThat(printed(() -> ours.log(System.Logger.Level.ERROR, "job=j-1", cause)))
                .contains("\tat holdfast.cli.StandardErrorLogTest");
    }
}
