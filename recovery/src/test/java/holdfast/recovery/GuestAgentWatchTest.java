package holdfast.recovery;

import static holdfast.recovery.Peer.say;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestAgentWatchTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Pattern ID = Pattern.compile("\"id\":(\\d+)");

    @TempDir private Path directory;

    @Test
    void anAgentThatRepeatsOurNumberHasAnswered() throws Exception {
        Peer.Script agent =
                (in, out) -> {
                    var id = idIn(in);
                    out.write(0xff); // as qemu-ga does
                    say(out, "{\"return\": " + id + "}\n");
                    in.readLine();
                };
        try (var peer = new Peer(directory, agent);
                var watch = watch(peer)) {
            awaitAnswer(watch);
        }
    }

    @Test
    void aGuestThatMakesThingsUpIsNotBelieved() throws Exception {
        var truthTold = new AtomicBoolean();
        Peer.Script liar =
                (in, out) -> {
                    var id = idIn(in);
                    say(out, "{\"return\": 1}\n{\"return\": \"x\"}\n{\"return\": {}}\n[]\nx\n\n");
                    say(out, "{\"return\": 1e400}\n{\"error\": 7}\nnull\n");
                    say(out, "[".repeat(60_000) + "\n");
                    idIn(in); // asked again: none of that was believed
                    truthTold.set(true);
                    say(out, "{\"return\": " + id + "}\n");
                    in.readLine();
                };
        try (var peer = new Peer(directory, liar);
                var watch = watch(peer)) {
            awaitAnswer(watch);
            assertThat(truthTold).isTrue();
        }
    }

    private static String idIn(BufferedReader in) throws IOException {
        var question = in.readLine();
        assertThat(question).startsWith("\u00ff{\"execute\":\"guest-sync-delimited\"");
        var id = ID.matcher(question);
        assertThat(id.find()).isTrue();
        return id.group(1);
    }

    private static void awaitAnswer(GuestAgentWatch watch) throws InterruptedException {
        var deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!watch.answered()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(1);
        }
    }

    private static GuestAgentWatch watch(Peer peer) {
        return new GuestAgentWatch(Network.system(), TimeSource.system(), peer.socket());
    }
}
