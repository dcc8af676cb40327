package holdfast.recovery;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Runs a shell script in a machine through its guest agent (QEMU `docs/interop/qemu-ga-ref`,
/// `guest-exec`). All that comes back is the guest's word, so it is bounded and never trusted to be
/// of any form. Used by one thread.
final class GuestScript implements AutoCloseable {
    /// Far more than the output that we ask for, in Base64; a guest may send more, and is cut off.
    private static final int LINE_BYTES_MAX = 64 << 10;

    /// Runs the script that comes as input and says the end of what it said; when told to end, ends
    /// the script with all that it started. The agent would keep 16 MiB, and a guest that means
    /// harm could have us keep as much.
    private static final String WRAPPER =
            """
            f=$(mktemp /run/holdfast.XXXXXX 2>/dev/null || mktemp 2>/dev/null) || f=/dev/null
            exec 3<&0
            $(command -v setsid) /bin/sh -s <&3 3<&- >"$f" 2>&1 &
            p=$!
            trap 'kill -s KILL -- -"$p" 2>/dev/null || kill -s KILL "$p"' TERM
            wait "$p"
            s=$?
            tail -c 4000 "$f"
            [ "$f" = /dev/null ] || rm -f "$f"
            exit "$s"
            """;

    private static final int OUTPUT_CHARS_MAX = 4000;
    private static final Duration ASK_EVERY = Duration.ofMillis(250);
    private static final Duration SYNC_EVERY = Duration.ofSeconds(2);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration KILL_WITHIN = Duration.ofSeconds(5);
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Network network;
    private final TimeSource time;
    private final Path socket;
    private @Nullable LineChannel channel;
    private long number;

    /// Questions on this channel that were given up: their answers may come yet, before all others.
    private int givenUp;

    GuestScript(Network network, TimeSource time, Path socket) {
        this.network = network;
        this.time = time;
        this.socket = socket;
        this.number = time.now().toEpochMilli(); // not that of an earlier session
    }

    /// @throws IOException if the guest agent does not answer, or refuses, or time is up; then the
    ///   script is killed as far as the agent does that
    ScriptRun run(byte[] script, Map<String, String> environment, Duration timeout)
            throws IOException, InterruptedException {
        var deadline = time.nanoTime() + timeout.toNanos();
        var open = synchronize(deadline, timeout);
        var pid = start(open, script, environment, deadline);
        while (true) {
            var status = ask(open, "guest-exec-status", pidArguments(pid), deadline);
            if (status == null) {
                kill(open, pid);
                throw new IOException("not ended within " + timeout.toSeconds() + " s, and killed");
            }
            if (status.path("exited").asBoolean(false)) {
                return ended(status);
            }
            time.sleep(ASK_EVERY);
        }
    }

    /// From its first answer on, the agent is there and has nothing of ours half read. It may be
    /// slow: any of the numbers will do, and what it says of the others comes later.
    private LineChannel synchronize(long deadline, Duration timeout)
            throws IOException, InterruptedException {
        while (time.nanoTime() - deadline < 0) {
            var open = LineChannel.open(network, socket, LINE_BYTES_MAX);
            channel = open;
            givenUp = 0;
            try {
                if (isAnswered(open, deadline)) {
                    return open;
                }
            } catch (IOException _) {
                time.sleep(ASK_EVERY); // no agent yet: ask afresh
            }
            close();
        }
        throw new IOException(
                "the guest agent did not answer within "
                        + timeout.toSeconds()
                        + " s: install qemu-guest-agent on the source server");
    }

    private boolean isAnswered(LineChannel open, long deadline)
            throws IOException, InterruptedException {
        var first = number + 1;
        var nextAsk = time.nanoTime();
        while (time.nanoTime() - deadline < 0) {
            if (open.connected() && time.nanoTime() - nextAsk >= 0) {
                open.send(GuestAgentWatch.question(++number));
                nextAsk = time.nanoTime() + SYNC_EVERY.toNanos();
            }
            var answer = next(open); // throws if there is no channel
            if (answer == null) {
                time.sleep(POLL);
            } else {
                var repeated = answer.path("return").asLong(-1);
                if (repeated >= first && repeated <= number) {
                    return true;
                }
            }
        }
        return false;
    }

    private long start(
            LineChannel open, byte[] script, Map<String, String> environment, long deadline)
            throws IOException, InterruptedException {
        var arguments = JSON.createObjectNode().put("path", "/bin/sh").put("capture-output", true);
        arguments.putArray("arg").add("-c").add(WRAPPER);
        arguments.put("input-data", Base64.getEncoder().encodeToString(script));
        var variables = arguments.putArray("env");
        variables.add("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        new TreeMap<>(environment).forEach((name, value) -> variables.add(name + "=" + value));
        var answer = ask(open, "guest-exec", arguments, deadline);
        if (answer == null || !answer.path("pid").isIntegralNumber()) {
            throw new IOException("the guest agent did not start the script in time");
        }
        return answer.path("pid").asLong();
    }

    private static ObjectNode pidArguments(long pid) {
        return JSON.createObjectNode().put("pid", pid);
    }

    private void kill(LineChannel open, long pid) throws InterruptedException {
        var arguments = JSON.createObjectNode().put("path", "/bin/sh");
        arguments.putArray("arg").add("-c").add("kill -TERM " + pid);
        try {
            ask(open, "guest-exec", arguments, time.nanoTime() + KILL_WITHIN.toNanos());
        } catch (IOException _) {
            // the machine or its agent is gone, and the script with it
        }
    }

    /// @return what the agent returned; null if that did not come before the deadline
    /// @throws IOException if it refused, or is gone
    private @Nullable JsonNode ask(
            LineChannel open, String command, ObjectNode arguments, long deadline)
            throws IOException, InterruptedException {
        var question = JSON.createObjectNode().put("execute", command);
        question.set("arguments", arguments);
        open.send((question + "\n").getBytes(StandardCharsets.UTF_8));
        do {
            var answer = next(open);
            if (answer == null) {
                time.sleep(POLL);
            } else if (isToCommand(answer)) {
                if (givenUp == 0) {
                    return returned(answer, command);
                }
                givenUp--;
            }
        } while (time.nanoTime() - deadline < 0);
        givenUp++;
        return null;
    }

    private static JsonNode returned(JsonNode answer, String command) throws IOException {
        if (answer.has("error")) {
            throw new IOException(
                    "the guest agent refused "
                            + command
                            + ": "
                            + cut(answer.path("error").path("desc").asString("")));
        }
        return answer.path("return");
    }

    /// Those to a synchronization are numbers, and to what we ask an object.
    private static boolean isToCommand(JsonNode answer) {
        return answer.has("error") || answer.path("return").isObject();
    }

    private static @Nullable JsonNode next(LineChannel open) throws IOException {
        var line = open.poll();
        if (line.isEmpty()) {
            return null;
        }
        try {
            // an answer to a synchronization follows a byte that is no UTF-8
            return JSON.readTree(line.get().substring(Math.max(0, line.get().indexOf('{'))));
        } catch (JacksonException _) {
            return null;
        }
    }

    private static ScriptRun ended(JsonNode status) {
        var signal = status.path("signal").asInt(0);
        return new ScriptRun(
                signal > 0 ? 128 + signal : status.path("exitcode").asInt(-1),
                cut(output(status.path("out-data").asString(""))));
    }

    private static String output(String encoded) {
        try {
            return new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            return String.format(
                    Locale.ROOT, "(%d characters that are no Base64)", encoded.length());
        }
    }

    /// The end of a text, without what terminals take for commands.
    private static String cut(String text) {
        var clean = text.strip().replaceAll("[\\p{Cntrl}&&[^\n\t]]", "?");
        return clean.substring(Math.max(0, clean.length() - OUTPUT_CHARS_MAX));
    }

    @Override
    public void close() {
        var open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }
}
