package holdfast.recovery;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Asks, again and again, whether the guest agent in a machine answers (QEMU
/// `docs/interop/qemu-ga-ref`, `guest-sync-delimited`).
///
/// The channel is there from the machine's start, the agent comes late or never, and what it says
/// is the guest's word: an answer counts only if it repeats a number that this watch made up.
/// Polled and closed by one thread.
final class GuestAgentWatch implements AutoCloseable {
    private static final Duration ASK_EVERY = Duration.ofSeconds(2);
    private static final int QUESTIONS_MAX = 1000; // what nobody reads fills the socket
    private static final int LINE_BYTES_MAX = 64 << 10;
    private static final int LINES_PER_POLL = 16;
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Network network;
    private final TimeSource time;
    private final Path socket;
    private final Set<Long> asked = new HashSet<>();
    private @Nullable LineChannel channel;
    private long nextAskNanos;
    private long number;

    GuestAgentWatch(Network network, TimeSource time, Path socket) {
        this.network = network;
        this.time = time;
        this.socket = socket;
        this.nextAskNanos = time.nanoTime();
        this.number = time.now().toEpochMilli(); // not that of an earlier watch on this channel
    }

    /// Whether the agent has answered; returns at once.
    boolean answered() {
        try {
            var open = channel;
            if (open == null) {
                if (!due()) {
                    return false;
                }
                open = LineChannel.open(network, socket, LINE_BYTES_MAX);
                channel = open;
            }
            if (open.connected() && due() && asked.size() < QUESTIONS_MAX) {
                nextAskNanos = time.nanoTime() + ASK_EVERY.toNanos();
                asked.add(++number);
                open.send(question(number));
            }
            for (var i = 0; i < LINES_PER_POLL; i++) {
                var line = open.poll();
                if (line.isEmpty()) {
                    return false;
                }
                if (answers(line.get())) {
                    return true;
                }
            }
        } catch (IOException _) { // no agent, no channel any more, or nonsense: ask afresh later
            close();
            nextAskNanos = time.nanoTime() + ASK_EVERY.toNanos();
        }
        return false;
    }

    @Override
    public void close() {
        var open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }

    private boolean due() {
        return time.nanoTime() - nextAskNanos >= 0;
    }

    /// A line that an agent answers with the number.
    static byte[] question(long number) {
        var question = JSON.createObjectNode().put("execute", "guest-sync-delimited");
        question.putObject("arguments").put("id", number);
        var line = (question + "\n").getBytes(StandardCharsets.UTF_8);
        // The byte 0xff makes the agent drop half a line that an earlier watch may have left.
        return ByteBuffer.allocate(1 + line.length).put((byte) 0xff).put(line).array();
    }

    private boolean answers(String line) {
        try {
            // The answer follows the byte 0xff, which is no UTF-8 and arrives as a replacement.
            var answer = JSON.readTree(line.substring(Math.max(0, line.indexOf('{'))));
            var result = answer.get("return");
            return result != null && result.isIntegralNumber() && asked.contains(result.asLong());
        } catch (JacksonException _) {
            return false;
        }
    }
}
