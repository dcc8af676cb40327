package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.drs.DrsClient;
import tools.jackson.databind.JsonNode;

/// A server that can be killed at any step of its jobs, and protected machines that boot within a
/// second. One thread uses it.
final class KilledServer implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /// 128 and the signal's number.
    private static final int KILLED = 137;

    final Lab lab;
    final DrsClient drs;
    final TinyMachines machines;
    private final Path fuse;
    private Process server;
    private Optional<String> second = Optional.empty();

    private KilledServer(Lab lab, Path fuse, Process server, DrsClient drs) {
        this.lab = lab;
        this.drs = drs;
        this.machines = lab.keep(new TinyMachines(lab));
        this.fuse = fuse;
        this.server = server;
    }

    static KilledServer open() throws IOException, InterruptedException {
        var lab = Lab.open("fuse", KilledServer::withFuse);
        try {
            var server = lab.installation.startServer();
            var clients = new DrsFixture(lab, lab.directory); // which is all that it is here for
            var opened =
                    new KilledServer(
                            lab, fuse(lab.directory), server, clients.client(clients.firstKey()));
            opened.drs.initializeService(r -> {});
            return opened;
        } catch (IOException | InterruptedException | RuntimeException e) {
            lab.close();
            throw e;
        }
    }

    private static Path fuse(Path directory) {
        return directory.resolve("fuse");
    }

    private static Program withFuse(Path directory) throws IOException {
        var jar = directory.resolve("fuse.jar");
        FuseAgent.pack(jar);
        Files.createDirectory(fuse(directory));
        var command = new ArrayList<>(Program.java("holdfast.cli.Main").prefix());
        command.add(1, "-javaagent:" + jar + "=" + fuse(directory));
        return new Program(command);
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return lab.installation.api().get(path);
    }

    /// From now on steps count, and the server dies at this one.
    ///
    /// @param step its number or its name
    void arm(String step) throws IOException {
        second = Optional.empty();
        Files.deleteIfExists(fuse.resolve("steps"));
        light(step);
    }

    /// The next server dies as well, at that step of what it makes good, if it comes so far.
    void armAgain(int step) {
        second = Optional.of(Integer.toString(step));
    }

    private void light(String step) throws IOException {
        var armed = Files.writeString(fuse.resolve("next"), step);
        Files.move(armed, fuse.resolve("armed"));
    }

    /// Steps no longer count.
    void disarm() throws IOException {
        second = Optional.empty();
        Files.deleteIfExists(fuse.resolve("armed"));
    }

    /// What was reached since it was armed, in order.
    List<String> steps() throws IOException {
        var file = fuse.resolve("steps");
        return Files.exists(file)
                ? Files.readAllLines(file).stream().map(s -> s.replaceFirst("\\d+ ", "")).toList()
                : List.of();
    }

    /// Begins something, whose answer a server that is killed keeps back.
    void ask(Call call) throws IOException, InterruptedException {
        try {
            call.run();
        } catch (IOException | SdkException e) {
            if (!server.waitFor(Duration.ofSeconds(10))) {
                throw e;
            }
        }
    }

    /// A request.
    @FunctionalInterface
    interface Call {
        void run() throws IOException, InterruptedException;
    }

    /// Waits for something, and starts the server again when it has died on the way.
    ///
    /// @return whether it died
    boolean awaitAcrossDeath(Condition condition) throws IOException, InterruptedException {
        var died = false;
        var deadline = lab.time.nanoTime() + PATIENCE.toNanos();
        while (true) {
            if (!server.isAlive()) {
                assertThat(server.exitValue()).as("server's exit status").isEqualTo(KILLED);
                assertThat(died && second.isEmpty()).as("a death too many").isFalse();
                server = lab.installation.startServer();
                if (!died && second.isPresent()) {
                    light(second.get());
                } else {
                    second = Optional.empty();
                }
                died = true;
            }
            try {
                if (condition.holds()) {
                    return died;
                }
            } catch (IOException e) {
                if (server.isAlive() && !server.waitFor(Duration.ofSeconds(30))) {
                    throw e;
                }
                continue;
            }
            assertThat(lab.time.nanoTime())
                    .as(() -> "not in time" + overview())
                    .isLessThan(deadline);
            lab.time.sleep(Duration.ofMillis(100));
        }
    }

    String overview() {
        try {
            return "\n"
                    + get("/jobs?limit=4").toPrettyString()
                    + get("/instances").toPrettyString()
                    + get("/executions?limit=2").toPrettyString()
                    + steps();
        } catch (IOException e) {
            return ": " + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /// Something of the server's that comes true.
    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    @Override
    public void close() throws IOException {
        drs.close();
        lab.close();
    }
}
