package holdfast.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Coverage leads to what no mangling of the corpus meets.
class GuidedInputTest {
    private static final String INPUTS_MAX = "-runs=200000";

    /// A target like others, which no build runs by itself: the class is nested.
    static class Planted {
        @Test
        void decoder() throws Exception {
            new HostileInput(List.of(new byte[16]), 1 << 20).feed(Planted::decode);
        }

        private static void decode(byte[] input) {
            var in = ByteBuffer.wrap(input);
            if (in.remaining() < 16 || in.getInt() != 0x4846_5a31 || in.getInt() != 4711) {
                return;
            }
            var name = new byte[8];
            in.get(name);
            if (new String(name, StandardCharsets.ISO_8859_1).equals("planted:")) {
                throw new IllegalStateException("planted");
            }
        }
    }

    @Test
    void aBugBehindComparedBytesIsFound(@TempDir Path folder) throws Exception {
        var name = Planted.class.getName() + "#decoder";
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var guided =
                new ProcessBuilder(
                                java,
                                "-Xmx256m",
                                "-XX:TieredStopAtLevel=1", // most of it runs only once
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                GuidedInput.class.getName(),
                                name,
                                folder.toString(),
                                "-seed=1",
                                INPUTS_MAX)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile())
                        .start();
        try {
            assertThat(guided.waitFor(2, TimeUnit.MINUTES)).isTrue();
        } finally {
            guided.destroyForcibly();
        }
        assertThat(folder.resolve("log")).content().contains("IllegalStateException: planted");
        assertThat(folder).isDirectoryContaining("glob:**/crash-*");
        assertThat(guided.exitValue()).isNotZero();
    }

    @Test
    void manglingDoesNotFindIt() throws Exception {
        new Planted().decoder();
    }
}
