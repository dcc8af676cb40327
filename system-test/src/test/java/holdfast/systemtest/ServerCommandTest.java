package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A server and the commands that ask it, each a process of its own, started as a user starts them.
class ServerCommandTest {
    private static final Pattern ANSWERS =
            Pattern.compile("holdfast server answers at (https://\\S+)");

    @TempDir Path folder;

    private final List<Process> started = new ArrayList<>();

    private record Ended(int status, String out, String err) {}

    private record Server(Process process, String url) {}

    @AfterEach
    void end() throws InterruptedException {
        for (var process : started) {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void aServerAnswersEndsInOrderAndKnowsEverythingAgain() throws Exception {
        var data = folder.resolve("data");
        var server = serve(data);
        assertThat(ask(server, data, "servers"))
                .isEqualTo(new Ended(0, "no server is protected yet\n", ""));
        assertThat(ask(server, data, "status").out()).contains("staging area  WRITING");
        assertThat(ask(server, data, "token", "create").out()).startsWith("hf1.").hasLineCount(1);
        var scrub = ask(server, data, "scrub");
        assertThat(scrub.out()).as(scrub.err()).endsWith(": no damage\n");
        server.process().destroy();
        assertThat(server.process().waitFor()).as("ended by SIGTERM").isEqualTo(143);
        assertThat(ask(server, data, "servers").status()).isEqualTo(5);

        var again = serve(data);
        assertThat(ask(again, data, "servers").status()).isZero();
    }

    @Test
    void aFolderInUseIsRefusedInOneLine() throws Exception {
        var data = folder.resolve("data");
        serve(data);
        var second = run(serverCommand(data, "127.0.0.1:0"));
        assertThat(second.status()).isEqualTo(3);
        assertThat(complaint(second)).startsWith("holdfast: ").contains(data.toString());
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        var server = serve(folder.resolve("first"));
        var taken = server.url().substring("https://".length());
        var second = run(serverCommand(folder.resolve("second"), taken));
        assertThat(second.status()).isEqualTo(1);
        assertThat(complaint(second)).contains("cannot listen on " + taken);
    }

    @Test
    void anAddressThatIsNoneIsTheUsersFault() throws Exception {
        var ended = run(serverCommand(folder.resolve("data"), "here"));
        assertThat(ended.status()).isEqualTo(2);
        assertThat(complaint(ended)).contains("listen: expected <address>:<port>");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void aStorageClassThatIsNoneIsTheUsersFault() throws Exception {
        var wrong =
                List.of(
                        List.of("ST1", "expected <class>=<dir>, such as ST1=/srv/disks, found ST1"),
                        List.of("SSD=/srv/ssd", "storage-class.SSD: expected one of GP2, GP3"),
                        List.of("ST1=disks", "expected an absolute path outside of the data"));
        for (var one : wrong) {
            var command = new ArrayList<>(serverCommand(folder.resolve("data"), "127.0.0.1:0"));
            command.addAll(List.of("--storage-class", one.getFirst()));
            var ended = run(command);
            assertThat(ended.status()).as(one.getFirst()).isEqualTo(2);
            assertThat(complaint(ended)).contains(one.getLast());
        }
        assertThat(folder.resolve("data")).doesNotExist();
    }

    /// The last line: what the log says of the attempt comes before.
    private static String complaint(Ended ended) {
        assertThat(ended.err()).doesNotContain("\tat ");
        return ended.err().lines().toList().getLast();
    }

    private Server serve(Path data) throws IOException {
        var process = start(serverCommand(data, "127.0.0.1:0"));
        var lines = process.inputReader(StandardCharsets.UTF_8);
        for (String line; (line = lines.readLine()) != null; ) {
            var answers = ANSWERS.matcher(line);
            if (answers.matches()) {
                return new Server(process, answers.group(1));
            }
        }
        throw new AssertionError(
                "the server ended: " + Files.readString(folder.resolve(log(started.size() - 1))));
    }

    private static List<String> serverCommand(Path data, String listen) {
        return List.of(
                Checkout.root().resolve("holdfast").toString(),
                "server",
                "--data",
                data.toString(),
                "--listen",
                listen,
                "--replication-listen",
                "127.0.0.1:0");
    }

    private Ended ask(Server server, Path data, String... command)
            throws IOException, InterruptedException {
        var line = new ArrayList<>(List.of(Checkout.root().resolve("holdfast").toString()));
        line.addAll(List.of(command));
        line.addAll(List.of("--server-url", server.url(), "--data", data.toString()));
        return run(line);
    }

    private Ended run(List<String> command) throws IOException, InterruptedException {
        var log = folder.resolve(log(started.size()));
        var process = start(command);
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), out, Files.readString(log));
    }

    private Process start(List<String> command) throws IOException {
        var process =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve(log(started.size())).toFile())
                        .start();
        started.add(process);
        return process;
    }

    private static String log(int number) {
        return "process-" + number + ".log";
    }
}
