package holdfast.bench;

import holdfast.demo.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// A server and, when started, an agent that protects one device. One thread uses it; closing ends
/// both, takes the agent's state out of the kernel and removes all files.
final class Protection implements AutoCloseable {
    private static final Duration SYNC_MAX = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(100);

    private final Workspace workspace;
    private final Path folder;
    private final Installation installation;
    private final Process server;
    private Optional<Process> agent = Optional.empty();
    private boolean enrolled;

    private Protection(
            Workspace workspace, Path folder, Installation installation, Process server) {
        this.workspace = workspace;
        this.folder = folder;
        this.installation = installation;
        this.server = server;
    }

    /// Starts a server with an empty staging area.
    static Protection start(Workspace workspace, String name)
            throws IOException, InterruptedException {
        var folder = Files.createDirectory(workspace.path(name));
        var installation =
                new Installation(
                        workspace.holdfast,
                        workspace.processes,
                        workspace.network,
                        workspace.time,
                        folder);
        try {
            var server = installation.startServer();
            return new Protection(workspace, folder, installation, server);
        } catch (IOException | InterruptedException e) {
            installation.close();
            throw e;
        }
    }

    Installation installation() {
        return installation;
    }

    Process server() {
        return server;
    }

    Process agent() {
        return agent.orElseThrow();
    }

    /// @return options for the next [#startAgent], with a token if it has to enrol
    List<String> agentOptions(Path device) throws IOException, InterruptedException {
        var disk = List.of("--disk", device.toString());
        if (enrolled) {
            return disk;
        }
        var token = installation.command("token", "create").required("token").asString();
        enrolled = true;
        return List.of(disk.get(0), disk.get(1), "--server", installation.url(), "--token", token);
    }

    void startAgent(List<String> options) throws IOException {
        agent = Optional.of(installation.restartAgent(options));
    }

    /// Starts the agent and waits until it keeps up.
    void protect(Path device) throws IOException, InterruptedException {
        var begun = workspace.time.now();
        startAgent(agentOptions(device));
        awaitServer(
                "CONTINUOUS with a new point",
                found ->
                        found.required("state").asString().equals("CONTINUOUS")
                                && instant(found).filter(begun::isBefore).isPresent());
        workspace.notePins(agent().pid());
    }

    /// Ends the agent and everything it left in the kernel.
    void unprotect() throws IOException, InterruptedException {
        if (agent.isPresent()) {
            var process = agent.get();
            if (process.isAlive()) {
                workspace.notePins(process.pid());
            }
            process.destroy();
            if (!process.waitFor(Duration.ofSeconds(20))) {
                process.destroyForcibly().waitFor();
            }
            agent = Optional.empty();
        }
        workspace.removePins();
    }

    /// The first point of all, awaited.
    JsonNode firstPoint() throws IOException, InterruptedException {
        var found = awaitServer("a first point", s -> instant(s).isPresent());
        return points(found.required("id").asString(), "").get(0);
    }

    /// Points of a server, oldest first.
    ///
    /// @param query such as `from=...&to=...`; may be empty
    JsonNode points(String server, String query) throws IOException, InterruptedException {
        var path = "/servers/" + server + "/points?limit=10000";
        return installation
                .api()
                .get(query.isEmpty() ? path : path + "&" + query)
                .required("points");
    }

    /// The only server, if it is known yet.
    Optional<JsonNode> sourceServer() throws IOException, InterruptedException {
        var servers = installation.api().get("/servers").required("servers");
        return servers.isEmpty() ? Optional.empty() : Optional.of(servers.get(0));
    }

    private JsonNode awaitServer(String what, java.util.function.Predicate<JsonNode> condition)
            throws IOException, InterruptedException {
        var deadline = workspace.time.nanoTime() + SYNC_MAX.toNanos();
        while (true) {
            var found = sourceServer().filter(condition);
            if (found.isPresent()) {
                return found.get();
            }
            if (!agent().isAlive() || workspace.time.nanoTime() > deadline) {
                throw new IOException(what + ": not reached; the agent's log: " + agentLog());
            }
            workspace.time.sleep(POLL);
        }
    }

    /// How often the agent had to compare everything since it started first.
    long comparisons() throws IOException {
        try (var lines = Files.lines(folder.resolve("agent.log"))) {
            return lines.filter(line -> line.contains("-> COMPARE")).count();
        }
    }

    private String agentLog() throws IOException {
        var lines = Files.readAllLines(folder.resolve("agent.log"));
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }

    /// Of the newest point of a server.
    static Optional<Instant> instant(JsonNode server) {
        return Optional.ofNullable(server.get("newestPoint"))
                .map(point -> Instant.parse(point.required("instant").asString()));
    }

    @Override
    public void close() throws IOException {
        try {
            unprotect();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while ending the agent", e);
        } finally {
            installation.close();
        }
        try {
            // an agent that finds the state of another would look for that one's server
            workspace.remove(folder);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(folder + ": interrupted while removing it", e);
        }
    }
}
