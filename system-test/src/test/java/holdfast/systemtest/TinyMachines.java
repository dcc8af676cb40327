package holdfast.systemtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Protected machines of a lab's server that boot within a second ([BootSector]), each with an
/// agent. One thread uses them; closing ends the agents and every recovery instance.
final class TinyMachines implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Lab lab;
    private final List<Process> agents = new ArrayList<>();

    TinyMachines(Lab lab) {
        this.lab = lab;
    }

    /// Protects one more machine.
    ///
    /// @param options of its agent, besides
    /// @return its server's id
    String protect(String name, String... options) throws IOException, InterruptedException {
        var known = ids(_ -> true);
        BootSector.write(disk(name), "new");
        var token =
                lab.installation
                        .api()
                        .post("/tokens", JsonNodeFactory.instance.objectNode())
                        .required("token")
                        .asString();
        var log = lab.directory.resolve(name + ".log").toFile();
        var arguments =
                new ArrayList<>(
                        List.of(
                                "agent", "run",
                                "--server", lab.installation.url(),
                                "--token", token,
                                "--disk", disk(name).toString(),
                                "--state", lab.directory.resolve(name + ".state").toString()));
        arguments.addAll(List.of(options));
        var agent =
                lab.processes.start(
                        new ProcessBuilder(Lab.HOLDFAST.command(arguments))
                                .redirectErrorStream(true)
                                .redirectOutput(log));
        agents.add(agent);
        lab.installation.await(
                "server " + name,
                agent,
                PATIENCE,
                () ->
                        !known.containsAll(
                                ids(one -> one.required("state").asString().equals("CONTINUOUS"))));
        var ids = ids(_ -> true);
        ids.removeAll(known);
        return ids.getFirst();
    }

    private List<String> ids(Predicate<JsonNode> wanted) throws IOException, InterruptedException {
        return new ArrayList<>(
                lab.installation.api().get("/servers").required("servers").values().stream()
                        .filter(wanted)
                        .map(one -> one.required("id").asString())
                        .toList());
    }

    Path disk(String name) {
        return lab.directory.resolve(name + ".img");
    }

    /// Recovery instances that run, whoever knows of them, as the ids in their command lines.
    List<String> running() {
        return processes().stream()
                .map(TinyMachines::commandLine)
                .map(line -> line.replaceFirst("(?s).*?/machines/([^/]+)/.*", "$1"))
                .sorted()
                .toList();
    }

    private List<ProcessHandle> processes() {
        var ours = lab.directory.toString();
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    var line = commandLine(process);
                    return line.contains("qemu-system") && line.contains(ours);
                })
                .toList();
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        } catch (IOException _) {
            return ""; // it has ended
        }
    }

    @Override
    public void close() {
        agents.forEach(agent -> agent.destroyForcibly().onExit().join());
        processes().forEach(ProcessHandle::destroyForcibly);
    }
}
