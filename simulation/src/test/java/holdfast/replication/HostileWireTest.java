package holdfast.replication;

import holdfast.hostile.HostileInput;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What a peer may send, beginning with the frames of docs/formats/wire.md.
class HostileWireTest {
    private static final Path DOCUMENT = Path.of("../docs/formats/wire.md");
    private static final Pattern LINE = Pattern.compile("(?m)^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)");
    private static final Allowance UNLIMITED = _ -> {};

    /// Each example in hex is one frame.
    private static List<byte[]> documented() throws IOException {
        var frames = new ArrayList<byte[]>();
        for (var block : Files.readString(DOCUMENT).split("\n\n")) {
            var hex = new StringBuilder();
            LINE.matcher(block).results().forEach(line -> hex.append(line.group(1).strip()));
            var bytes = HexFormat.of().parseHex(hex.toString().replace(" ", ""));
            if (bytes.length > 0) {
                frames.add(bytes);
            }
        }
        return frames;
    }

    @Test
    void frames() throws Exception {
        var frames = documented();
        new HostileInput(frames, 8 << 20, ProtocolException.class)
                .feed(input -> {
                    var decoder = new FrameDecoder(new ByteArrayInputStream(input));
                    while (decoder.next(UNLIMITED).isPresent()) {
                        // the next one
                    }
                });
    }
}
