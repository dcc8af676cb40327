package holdfast.demo;

import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server and an agent as processes of their own, driven by the same commands that a user types;
/// only waiting asks the API itself, since a process for each question would be a load of its own.
/// One thread uses it; closing ends both processes.
public final class Installation implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int LOG_LINES_SHOWN = 5;

    private final Program holdfast;
    private final Program agent;
    private final Processes processes;
    private final TimeSource time;
    private final Commands commands;
    private final Path directory;
    private final InetSocketAddress apiAddress;
    private final InetSocketAddress replication;
    private final List<Process> running = new ArrayList<>();

    private Optional<Api> api = Optional.empty();
    private String serverId = "";

    /// @param directory for everything that the processes write; exists
    public Installation(
            Program holdfast, Processes processes, Network network, TimeSource time, Path directory)
            throws IOException {
        this(holdfast, holdfast, processes, network, time, directory);
    }

    /// @param agent another program to be started as the agent, with the same arguments
    public Installation(
            Program holdfast,
            Program agent,
            Processes processes,
            Network network,
            TimeSource time,
            Path directory)
            throws IOException {
        this.holdfast = holdfast;
        this.agent = agent;
        this.processes = processes;
        this.time = time;
        this.commands = new Commands(processes);
        this.directory = directory;
        this.apiAddress = freeAddress(network);
        this.replication = freeAddress(network);
    }

    /// The staging area and everything else of the server.
    public Path data() {
        return directory.resolve("data");
    }

    /// The agent's state.
    public Path agentState() {
        return directory.resolve("agent");
    }

    public String url() {
        return "https://" + text(apiAddress);
    }

    /// Where agents connect to.
    public InetSocketAddress replicationAddress() {
        return replication;
    }

    /// Starts the server and waits until it answers.
    public Process startServer(String... options) throws IOException, InterruptedException {
        var arguments =
                new ArrayList<>(
                        List.of(
                                "server",
                                "--data",
                                data().toString(),
                                "--listen",
                                text(apiAddress),
                                "--replication-listen",
                                text(replication)));
        arguments.addAll(List.of(options));
        var server = start("server", holdfast.command(arguments));
        await("the server", server, Duration.ofSeconds(60), this::answers);
        return server;
    }

    private boolean answers() throws InterruptedException {
        try {
            api().get("/status");
            return true;
        } catch (IOException _) {
            return false; // not yet, or it has yet to write its key
        }
    }

    /// The server's API, once it has been started; closed with this.
    public Api api() throws IOException {
        if (api.isEmpty()) {
            api = Optional.of(new Api(url(), data()));
        }
        return api.get();
    }

    /// Enrols an agent with a fresh token and starts it; it may still be connecting on return.
    public Process startAgent(List<String> options) throws IOException, InterruptedException {
        var token = command("token", "create").required("token").asString();
        var arguments = new ArrayList<>(options);
        arguments.addAll(List.of("--server", url(), "--token", token));
        return restartAgent(arguments);
    }

    /// Starts an agent that has enrolled before.
    ///
    /// @param options `--disk` and whatever else `agent run` takes
    public Process restartAgent(List<String> options) throws IOException {
        var arguments =
                new ArrayList<>(List.of("agent", "run", "--state", agentState().toString()));
        arguments.addAll(options);
        return start("agent", agent.command(arguments));
    }

    /// Runs a command with `--json` against this installation.
    ///
    /// @return what it printed
    /// @throws IOException with its complaint if it fails
    public JsonNode command(String... arguments) throws IOException, InterruptedException {
        return JSON.readTree(attempt(arguments).orThrow());
    }

    /// Runs a command with `--json` against this installation, whatever comes of it.
    public Commands.Result attempt(String... arguments) throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", data().toString(), "--server-url", url(), "--json"));
        return commands.run(holdfast.command(all));
    }

    /// What the agent says of itself.
    public JsonNode agentStatus() throws IOException, InterruptedException {
        var command =
                holdfast.command(
                        List.of("agent", "status", "--state", agentState().toString(), "--json"));
        return JSON.readTree(commands.run(command).orThrow());
    }

    /// The only server's record.
    public JsonNode server() throws IOException, InterruptedException {
        var servers = api().get("/servers").required("servers");
        if (servers.size() != 1) {
            throw new IOException("expected one server, found " + servers);
        }
        return servers.get(0);
    }

    /// Asked once: an id stays.
    private String serverId() throws IOException, InterruptedException {
        if (serverId.isEmpty()) {
            serverId = server().required("id").asString();
        }
        return serverId;
    }

    /// Waits until the only server's replication is in that state.
    public JsonNode awaitState(String state, Process agent, Duration atMost)
            throws IOException, InterruptedException {
        var found = new JsonNode[1];
        await(
                "replication state " + state,
                agent,
                atMost,
                () -> {
                    var servers = api().get("/servers").required("servers");
                    if (servers.size() == 1) {
                        found[0] = servers.get(0);
                        return found[0].required("state").asString().equals(state);
                    }
                    return false;
                });
        return found[0];
    }

    /// A point of the only server.
    ///
    /// @param at the newest one at or before this
    /// @throws IOException if there is none
    public Point point(Instant at) throws IOException, InterruptedException {
        var serverId = serverId();
        var points = api().get("/servers/" + serverId + "/points?at=" + at).required("points");
        if (points.isEmpty()) {
            throw new IOException(serverId + ": no consistency point at or before " + at);
        }
        var found = points.get(0);
        return new Point(
                found.required("id").asString(),
                Instant.parse(found.required("instant").asString()));
    }

    /// Waits for a point whose instant is later than the given one.
    ///
    /// @param agent has to be alive meanwhile
    public Point awaitPointAfter(Instant instant, Process agent, Duration atMost)
            throws IOException, InterruptedException {
        try {
            await(
                    "a consistency point after " + instant,
                    agent,
                    atMost,
                    () -> point(time.now()).instant().isAfter(instant));
        } catch (IOException e) {
            throw agent.isAlive()
                    ? new IOException(e.getMessage() + "\n  agent status: " + agentStatus(), e)
                    : e;
        }
        return point(time.now());
    }

    /// A consistency point.
    public record Point(String id, Instant instant) {}

    /// Exports one disk of the only server at a point as a raw image.
    public void export(Path disk, Point point, Path image)
            throws IOException, InterruptedException {
        command(
                "export",
                serverId(),
                "--disk",
                disk.toString(),
                "--point",
                point.id(),
                "--format",
                "raw",
                "--to",
                image.toString());
    }

    /// Serves one disk of the only server at a point over NBD, read-only, until it is closed.
    public Served serve(Path disk, Point point) throws IOException, InterruptedException {
        var request =
                JSON.createObjectNode()
                        .put("server", serverId())
                        .put("disk", disk.toString())
                        .put("point", point.id());
        var export = api().post("/exports", request);
        return new Served(
                api(), export.required("id").asString(), export.required("uri").asString());
    }

    /// An export over NBD. Its reader is to be done with it when it is closed.
    public record Served(Api api, String id, String uri) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            try {
                api.delete("/exports/" + id);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while ending export " + id, e);
            }
        }
    }

    /// Polls until the condition holds.
    ///
    /// @param process what has to be alive meanwhile
    /// @throws IOException if the process ends or time runs out, with the last lines of its log
    public void await(String what, Process process, Duration atMost, Condition condition)
            throws IOException, InterruptedException {
        var deadline = time.nanoTime() + atMost.toNanos();
        while (!condition.holds()) {
            if (!process.isAlive()) {
                throw new IOException(
                        what + ": the process ended with " + process.exitValue() + logTails());
            }
            if (time.nanoTime() > deadline) {
                throw new IOException(what + ": not within " + atMost + logTails());
            }
            time.sleep(Duration.ofMillis(200));
        }
    }

    private Process start(String name, List<String> command) throws IOException {
        var log = directory.resolve(name + ".log").toFile();
        var process =
                processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.appendTo(log)));
        process.getOutputStream().close();
        running.add(process);
        return process;
    }

    private String logTails() throws IOException {
        var tails = new StringBuilder();
        for (var name : List.of("server", "agent")) {
            var log = directory.resolve(name + ".log");
            if (Files.exists(log)) {
                var lines = Files.readAllLines(log);
                var from = Math.max(0, lines.size() - LOG_LINES_SHOWN);
                tails.append("\n  ").append(name).append(" log: ");
                tails.append(String.join("\n    ", lines.subList(from, lines.size())));
            }
        }
        return tails.toString();
    }

    private static InetSocketAddress freeAddress(Network network) throws IOException {
        try (var listener =
                network.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            SocketAddress address = listener.address();
            return (InetSocketAddress) address;
        }
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    /// Ends both processes, the agent first, waits for them, and ends what the agent left running
    /// in the kernel.
    @Override
    public void close() {
        end();
        api.ifPresent(Api::close);
        if (Files.exists(agentState())) {
            var state = agentState().toString();
            try {
                commands.run(holdfast.command(List.of("agent", "uninstall", "--state", state)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void end() {
        for (var process : running.reversed()) {
            process.destroy();
        }
        try {
            for (var process : running.reversed()) {
                if (!process.waitFor(Duration.ofSeconds(20))) {
                    process.destroyForcibly().waitFor();
                }
            }
        } catch (InterruptedException _) {
            running.forEach(Process::destroyForcibly);
            Thread.currentThread().interrupt();
        }
    }

    /// What [#await] waits for.
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }
}
