package holdfast.recovery;

import static holdfast.recovery.Peer.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QmpClientTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n";
    private static final String EVENT =
            "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}\r\n";

    @TempDir private Path directory;

    @Test
    void repliesAreTakenFromAmongEventsAndLateReplies() throws Exception {
        Peer.Script qemu =
                (in, out) -> {
                    say(out, GREETING + EVENT);
                    assertThat(in.readLine())
                            .isEqualTo("{\"execute\":\"qmp_capabilities\",\"id\":\"1\"}");
                    say(out, EVENT + "{\"return\": {}, \"id\": \"1\"}\r\n" + EVENT);
                    assertThat(in.readLine())
                            .isEqualTo(
                                    "{\"execute\":\"screendump\",\"id\":\"2\","
                                            + "\"arguments\":{\"filename\":\"/a \\\"b\\\"\"}}");
                    say(out, "{\"return\": {\"wrong\": 1}, \"id\": \"77\"}\r\n" + EVENT);
                    say(out, "{\"return\": {\"status\": \"run");
                    say(out, "ning\"}, \"id\": \"2\"}\r\n");
                    in.readLine();
                };
        try (var peer = new Peer(directory, qemu);
                var client = connect(peer, LONG)) {
            var reply = client.execute("screendump", Map.of("filename", "/a \"b\""), LONG);
            assertThat(reply.get("status").stringValue()).isEqualTo("running");
        }
    }

    @Test
    void aRefusalCarriesItsReason() throws Exception {
        Peer.Script qemu =
                (in, out) -> {
                    greet(in::readLine, out);
                    in.readLine();
                    say(
                            out,
                            "{\"id\": \"2\", \"error\": {\"class\": \"GenericError\", \"desc\": \"no display\"}}\n");
                    in.readLine();
                };
        try (var peer = new Peer(directory, qemu);
                var client = connect(peer, LONG)) {
            assertThatThrownBy(() -> client.execute("screendump", Map.of(), LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessage("qemu refused screendump: no display");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"hello\n", "[]\n", "{\"event\": \"STOP\"}\n", "{\"QMP\": \n", "\n"})
    void whatIsNoGreetingIsNotBelieved(String greeting) throws Exception {
        try (var peer = new Peer(directory, (_, out) -> say(out, greeting))) {
            assertThatThrownBy(() -> connect(peer, LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not a message of QMP");
        }
    }

    @Test
    void aPeerThatHangsUpIsAnErrorAtOnce() throws Exception {
        try (var peer = new Peer(directory, (_, out) -> say(out, "{\"QMP\": "))) {
            assertThatThrownBy(() -> connect(peer, LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("closed by the peer");
        }
    }

    @Test
    void aSilentPeerIsNotWaitedForLongerThanAsked() throws Exception {
        try (var peer = new Peer(directory, (in, _) -> in.readLine())) {
            assertThatThrownBy(() -> connect(peer, SHORT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer in time to greeting");
        }
    }

    @Test
    void aPeerThatTalksWithoutEndIsNotListenedToWithoutEnd() throws Exception {
        Peer.Script chatterbox =
                (in, out) -> {
                    greet(in::readLine, out);
                    while (true) {
                        say(out, EVENT);
                    }
                };
        try (var peer = new Peer(directory, chatterbox);
                var client = connect(peer, LONG)) {
            assertThatThrownBy(() -> client.execute("query-status", Map.of(), SHORT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer in time to query-status");
        }
    }

    @Test
    void aLineWithoutEndIsCutOff() throws Exception {
        Peer.Script endless =
                (_, out) -> {
                    var part = "x".repeat(1 << 20);
                    while (true) {
                        say(out, part);
                    }
                };
        try (var peer = new Peer(directory, endless)) {
            assertThatThrownBy(() -> connect(peer, LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("sent a line of more than 4194304 bytes");
        }
    }

    @Test
    void noSocketIsAnErrorAtOnce() {
        assertThatThrownBy(() ->
                        QmpClient.connect(
                                Network.system(),
                                TimeSource.system(),
                                directory.resolve("none.sock"),
                                LONG))
                .isInstanceOf(IOException.class);
    }

    private interface Reader {
        String readLine() throws IOException;
    }

    private static void greet(Reader in, java.io.OutputStream out) throws IOException {
        say(out, GREETING);
        in.readLine();
        say(out, "{\"return\": {}, \"id\": \"1\"}\r\n");
    }

    private static QmpClient connect(Peer peer, Duration timeout) throws IOException {
        return QmpClient.connect(Network.system(), TimeSource.system(), peer.socket(), timeout);
    }
}
