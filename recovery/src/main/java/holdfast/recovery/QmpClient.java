package holdfast.recovery;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// One session with QEMU's control socket (QEMU `docs/interop/qmp-spec.rst`).
///
/// QEMU serves one session at a time, so keep it short and close it. Events, which come between a
/// command and its reply, are passed over: the state they tell of is asked for instead, which also
/// works for a host that was not there when they came. Used by one thread.
final class QmpClient implements AutoCloseable {
    private static final int LINE_BYTES_MAX = 4 << 20; // no reply that we ask for nears this
    private static final Duration PAUSE = Duration.ofMillis(5);
    private static final int EXCERPT_CHARS_MAX = 120;
    private static final JsonMapper JSON = JsonMapper.shared();

    private final LineChannel channel;
    private final TimeSource time;
    private final Path socket;
    private int commands;

    private QmpClient(LineChannel channel, TimeSource time, Path socket) {
        this.channel = channel;
        this.time = time;
        this.socket = socket;
    }

    /// Connects, waits for QEMU's greeting and accepts it.
    ///
    /// @throws IOException if that was not done within `timeout`
    static QmpClient connect(Network network, TimeSource time, Path socket, Duration timeout)
            throws IOException {
        var client = new QmpClient(LineChannel.open(network, socket, LINE_BYTES_MAX), time, socket);
        try {
            var deadline = time.nanoTime() + timeout.toNanos();
            var greeting = client.next("greeting", deadline);
            if (!greeting.has("QMP")) {
                throw client.strange(greeting.toString());
            }
            client.execute("qmp_capabilities", Map.of(), deadline);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /// @return what QEMU returned
    /// @throws IOException if QEMU refused, with its reason; if it did not answer in time, or not
    ///   in QMP: then the session is of no more use
    JsonNode execute(String command, Map<String, String> arguments, Duration timeout)
            throws IOException {
        return execute(command, arguments, time.nanoTime() + timeout.toNanos());
    }

    private JsonNode execute(String command, Map<String, String> arguments, long deadlineNanos)
            throws IOException {
        var id = Integer.toString(++commands);
        var request = JSON.createObjectNode().put("execute", command).put("id", id);
        if (!arguments.isEmpty()) {
            var named = request.putObject("arguments");
            arguments.forEach(named::put);
        }
        channel.send((request + "\n").getBytes(StandardCharsets.UTF_8));
        while (true) {
            var message = next(command, deadlineNanos);
            if (message.has("event")) {
                continue;
            }
            var error = message.get("error");
            // An error without an id answers a line that QEMU could not even read.
            if (error != null && (isFor(id, message) || !message.has("id"))) {
                throw new IOException(
                        "qemu refused " + command + ": " + excerpt(text(error.get("desc"))));
            }
            var result = message.get("return");
            if (result != null && isFor(id, message)) {
                return result;
            }
            // Else the late reply to a command that we gave up.
        }
    }

    @Override
    public void close() {
        channel.close();
    }

    private ObjectNode next(String what, long deadlineNanos) throws IOException {
        while (time.nanoTime() - deadlineNanos < 0) { // also while messages keep coming
            var line = channel.poll();
            if (line.isPresent()) {
                return parse(line.get());
            }
            Pause.uninterrupted(time, PAUSE);
        }
        throw new IOException(socket + ": no answer in time to " + what);
    }

    private ObjectNode parse(String line) throws IOException {
        try {
            if (JSON.readTree(line) instanceof ObjectNode message) {
                return message;
            }
        } catch (JacksonException _) {
            // told below
        }
        throw strange(line);
    }

    private IOException strange(String line) {
        return new IOException(socket + ": not a message of QMP: " + excerpt(line));
    }

    private static boolean isFor(String id, ObjectNode message) {
        return id.equals(text(message.get("id")));
    }

    private static String text(@Nullable JsonNode node) {
        return node != null && node.isString() ? node.stringValue() : "";
    }

    private static String excerpt(String text) {
        return text.substring(0, Math.min(text.length(), EXCERPT_CHARS_MAX));
    }
}
