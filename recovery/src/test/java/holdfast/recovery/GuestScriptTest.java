package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Agents that do as they should, and others. A real one is asked in [QemuBootTest].
@Timeout(60)
class GuestScriptTest {
    private static final Duration LONG = Duration.ofSeconds(50);

    @TempDir private Path directory;
    private final List<JsonNode> asked = Collections.synchronizedList(new ArrayList<>());

    @Test
    void aScriptIsHandedOverAndItsEndComesBack() throws Exception {
        try (var peer =
                agent(
                        "{\"exited\":true,\"exitcode\":3,\"out-data\":\""
                                + base64("said\n")
                                + "\"}")) {
            var ended = run(peer, LONG);
            assertThat(ended).isEqualTo(new ScriptRun(3, "said"));
        }
        var exec = asked.get(0).path("arguments");
        assertThat(
                        new String(
                                Base64.getDecoder().decode(exec.path("input-data").asString("")),
                                StandardCharsets.UTF_8))
                .isEqualTo("exit 3");
        assertThat(exec.path("env").toString()).contains("\"PORT=80\"");
        assertThat(asked.get(1).path("arguments").path("pid").asInt()).isEqualTo(7);
    }

    @Test
    void oneThatASignalEndedSaysSo() throws Exception {
        try (var peer = agent("{\"exited\":true,\"signal\":9}")) {
            assertThat(run(peer, LONG)).isEqualTo(new ScriptRun(137, ""));
        }
    }

    @Test
    void outputIsTheEndOfWhatWasSaidWithoutCommandsToATerminal() throws Exception {
        var much = "x".repeat(10_000) + "\u001b[2Jlast";
        try (var peer =
                agent("{\"exited\":true,\"exitcode\":0,\"out-data\":\"" + base64(much) + "\"}")) {
            assertThat(run(peer, LONG).output()).hasSize(4000).endsWith("?[2Jlast");
        }
    }

    @Test
    void outputThatIsNoneIsTold() throws Exception {
        try (var peer = agent("{\"exited\":true,\"exitcode\":0,\"out-data\":\"§\"}")) {
            assertThat(run(peer, LONG).output()).contains("no Base64");
        }
    }

    /// Whoever takes the late answer for that to the kill hangs up before the agent has read it.
    @Test
    void oneThatDoesNotEndIsKilledAndToldWhateverAnAnswerIsLate() throws Exception {
        var time = new PassingTime();
        var waited = new AtomicBoolean();
        Peer.Script late =
                (in, out) -> {
                    synchronize(in, out);
                    in.readLine();
                    Peer.say(out, "{\"return\":{\"pid\":7}}\n");
                    in.readLine();
                    Peer.say(out, "{\"return\":{\"exited\":false}}\n");
                    in.readLine();
                    time.pass(LONG);
                    asked.add(JsonMapper.shared().readTree(in.readLine()));
                    Peer.say(out, "{\"error\":{\"desc\":\"late\"}}\n");
                    time.awaitSleeps(10); // ended by the peer's close if nobody does
                    waited.set(true);
                    Peer.say(out, "{\"return\":{\"pid\":8}}\n");
                };
        try (var peer = new Peer(directory, late)) {
            assertThatThrownBy(() -> run(time, peer, LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not ended within 50 s, and killed");
        }
        assertThat(waited).isTrue();
        assertThat(asked.getLast().path("arguments").path("arg").toString())
                .contains("kill -TERM 7");
    }

    /// A slow machine, of which no answer comes before the next question.
    @Test
    void anAgentThatAnswersLateIsUnderstood() throws Exception {
        var time = new PassingTime();
        Peer.Script slow =
                (in, out) -> {
                    var first = synchronization(in.readLine());
                    time.pass(Duration.ofSeconds(3));
                    var second = synchronization(in.readLine());
                    answer(out, first);
                    in.readLine();
                    answer(out, second);
                    Peer.say(out, "{\"return\":{\"pid\":7}}\n");
                    in.readLine();
                    Peer.say(out, "{\"return\":{\"exited\":true,\"exitcode\":3}}\n");
                };
        try (var peer = new Peer(directory, slow)) {
            assertThat(run(time, peer, LONG)).isEqualTo(new ScriptRun(3, ""));
        }
    }

    @Test
    void anAgentThatIsNotThereIsTold() throws Exception {
        try (var peer = new Peer(directory, (in, _) -> in.lines().forEach(_ -> {}))) {
            assertThatThrownBy(() -> run(TimeSource.system(), peer, Duration.ofSeconds(1)))
                    .hasMessageContaining("did not answer within 1 s")
                    .hasMessageContaining("qemu-guest-agent");
        }
    }

    @Test
    void aRefusalIsToldInTheAgentsWords() throws Exception {
        try (var peer =
                new Peer(
                        directory,
                        (in, out) -> {
                            synchronize(in, out);
                            in.readLine();
                            Peer.say(
                                    out,
                                    "{\"error\":{\"desc\":\"Command guest-exec has been disabled\"}}\n");
                        })) {
            assertThatThrownBy(() -> run(peer, LONG))
                    .hasMessageContaining("Command guest-exec has been disabled");
        }
    }

    private ScriptRun run(Peer peer, Duration timeout) throws IOException, InterruptedException {
        return run(new PassingTime(), peer, timeout);
    }

    private static ScriptRun run(TimeSource time, Peer peer, Duration timeout)
            throws IOException, InterruptedException {
        try (var script = new GuestScript(Network.system(), time, peer.socket())) {
            return script.run(
                    "exit 3".getBytes(StandardCharsets.UTF_8), Map.of("PORT", "80"), timeout);
        }
    }

    /// @param status what it says of a process that it started
    private Peer agent(String status) throws IOException {
        asked.clear();
        return new Peer(
                directory,
                (in, out) -> {
                    synchronize(in, out);
                    for (var line = in.readLine(); line != null; line = in.readLine()) {
                        var question = JsonMapper.shared().readTree(line);
                        asked.add(question);
                        Peer.say(
                                out,
                                question.path("execute").asString("").equals("guest-exec")
                                        ? "{\"return\":{\"pid\":7}}\n"
                                        : "{\"return\":" + status + "}\n");
                    }
                });
    }

    private static void synchronize(BufferedReader in, OutputStream out) throws IOException {
        answer(out, synchronization(in.readLine()));
    }

    /// The number that is to be repeated.
    private static JsonNode synchronization(String line) {
        return JsonMapper.shared()
                .readTree(line.substring(line.indexOf('{')))
                .path("arguments")
                .path("id");
    }

    private static void answer(OutputStream out, JsonNode number) throws IOException {
        out.write(0xff);
        Peer.say(out, "{\"return\":" + number + "}\n");
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
