package holdfast.bench;

import holdfast.bench.Homecoming.Moved;
import holdfast.demo.AwsApi;
import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A disk is brought to what has changed since on its recovery instance, a hundredth of its blocks:
/// by the failback client, against programs that bring it there from an image of the same.
final class FailbackBenchmark implements Benchmark {
    private static final Duration HOME_MAX = Duration.ofMinutes(10);
    private static final Duration POLL = Duration.ofMillis(20);

    @Override
    public String name() {
        return "failback";
    }

    /// @param moved until the disk equals the instance
    /// @param home and until that was read back, compared and recorded after the instance's end
    private record Ours(Moved moved, Timed home) {}

    private record Peer(String name, Homecoming.Way way, List<Moved> figures) {
        Peer(String name, Homecoming.Way way) {
            this(name, way, new ArrayList<>());
        }

        void measure(Workspace workspace, Homecoming what)
                throws IOException, InterruptedException {
            var moved = what.done(workspace, way);
            workspace.say("failback: " + name + " " + moved);
            figures.add(moved);
        }
    }

    @Override
    public List<Row> run(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        var disk =
                SampleDisk.make(workspace, workspace.path("source.img"), scale.copiedMebibytes());
        var peers =
                List.of(
                        new Peer("rsync --inplace", HomecomingPeers::rsync),
                        new Peer("nbdkit, nbdcopy", HomecomingPeers::nbdcopy),
                        new Peer("restic dump", HomecomingPeers::restic));
        var ours = new ArrayList<Ours>();
        try (var protection = Protection.start(workspace, "home")) {
            var name = protect(workspace, protection, disk);
            for (var i = 0; i < scale.copies(); i++) {
                var what = Homecoming.make(workspace, disk.image(), disk.sizeBytes(), i);
                // there and back again: a load that grows or wanes favours nobody
                if (i % 2 == 0) {
                    ours.add(holdfast(workspace, protection, name, what));
                }
                for (var peer : i % 2 == 0 ? peers : peers.reversed()) {
                    peer.measure(workspace, what);
                }
                if (i % 2 != 0) {
                    ours.add(holdfast(workspace, protection, name, what));
                }
            }
        }
        Files.delete(disk.image());
        return rows(ours, peers);
    }

    /// Protects the disk, and loses its agent. Later instances are made ready and not started: what
    /// they would write is written for them.
    ///
    /// @return the disk's name
    private static String protect(Workspace workspace, Protection protection, SampleDisk disk)
            throws IOException, InterruptedException {
        var installation = protection.installation();
        try (var loop = LoopDevice.attach(workspace.commands, disk.image())) {
            protection.protect(loop.device());
            protection.unprotect();
            var source = protection.sourceServer().orElseThrow().required("id").asString();
            try (var api = new AwsApi(workspace.time, installation.url(), installation.data())) {
                var key = AwsApi.Key.first(installation.data());
                for (var call :
                        List.of(
                                List.of("InitializeService", "{}"),
                                List.of(
                                        "UpdateLaunchConfiguration",
                                        "{\"sourceServerID\": \""
                                                + source
                                                + "\", \"launchDisposition\": \"STOPPED\"}"))) {
                    var answer = api.call(key, call.getFirst(), call.getLast());
                    if (answer.statusCode() / 100 != 2) {
                        throw new IOException(call.getFirst() + ": " + answer.body());
                    }
                }
            }
            return loop.device().toString();
        }
    }

    private static Ours holdfast(
            Workspace workspace, Protection protection, String name, Homecoming what)
            throws IOException, InterruptedException {
        var installation = protection.installation();
        var source = protection.sourceServer().orElseThrow().required("id").asString();
        var made = installation.command("recover", source);
        var instance = made.required("instances").get(0).asString();
        write(workspace, installation.data().resolve("nbd.sock"), what.writes());
        var whole = new ArrayList<Timed>();
        var moved =
                what.done(
                        workspace,
                        (_, _, device) -> {
                            var client =
                                    new Client(
                                            workspace,
                                            protection,
                                            instance,
                                            name + "=" + device,
                                            workspace.folder("client"));
                            var found = client.run();
                            whole.add(found.home());
                            return found.moved();
                        });
        workspace.remove(workspace.path("client"));
        installation.command("instances", "terminate", instance);
        var ours = new Ours(moved, whole.getFirst());
        workspace.say("failback: holdfast " + moved + "; read back as well " + ours.home());
        return ours;
    }

    private static void write(Workspace workspace, Path socket, List<String> writes)
            throws IOException, InterruptedException {
        var server = "nbd+unix://?socket=" + socket;
        var listed = workspace.commands.output("nbdinfo", "--list", "--json", server);
        var exports = JsonMapper.shared().readTree(listed).required("exports");
        if (exports.size() != 1) {
            throw new IOException("expected one branch: " + listed);
        }
        var export = exports.get(0).required("export-name").asString();
        var uri = "nbd+unix:///" + export + "?socket=" + socket;
        var command = new ArrayList<>(List.of("qemu-io", "-f", "raw", uri));
        writes.forEach(one -> command.addAll(List.of("-c", one)));
        command.addAll(List.of("-c", "flush"));
        workspace.commands.run(command).orThrow();
    }

    /// The failback client, as a user starts it.
    private record Client(
            Workspace workspace,
            Protection protection,
            String instance,
            String mapping,
            Path state) {
        Ours run() throws IOException, InterruptedException {
            var installation = protection.installation();
            var key = AwsApi.Key.first(installation.data());
            var output = state.resolveSibling("client.out");
            var command =
                    workspace.holdfast.command(
                            List.of(
                                    "failback",
                                    "--endpoint",
                                    installation.url(),
                                    "--ca-bundle",
                                    installation.data().resolve("ca.pem").toString(),
                                    "--aws-access-key-id",
                                    key.id(),
                                    "--aws-secret-access-key",
                                    key.secret(),
                                    "--recovery-instance-id",
                                    instance,
                                    "--device-mapping",
                                    mapping,
                                    "--no-prompt",
                                    "--foreground",
                                    "--json",
                                    "--state",
                                    state.toString()));
            var serverBefore = Timed.cpuSeconds(protection.server());
            var begun = workspace.time.nanoTime();
            var process =
                    workspace.processes.start(
                            new ProcessBuilder(command)
                                    .redirectOutput(output.toFile())
                                    .redirectError(state.resolveSibling("client.err").toFile()));
            while (process.isAlive() && !isEqual()) {
                rest(begun, process);
            }
            var equal = timed(begun, Timed.cpuSeconds(process), serverBefore);
            while (process.isAlive() && !isReady()) { // the client notes it before it tells it
                rest(begun, process);
            }
            installation
                    .api()
                    .post(
                            "/instances/" + instance + "/failback",
                            JsonMapper.shared().createObjectNode());
            var cpu = 0.0;
            while (process.isAlive()) {
                cpu = Math.max(cpu, Timed.cpuSeconds(process));
                rest(begun, process);
            }
            if (process.exitValue() != 0) {
                throw new IOException(Files.readString(state.resolveSibling("client.err")));
            }
            var home = timed(begun, cpu, serverBefore);
            var told = JsonMapper.shared().readTree(Files.readString(output));
            return new Ours(new Moved(equal, bytes(told, "sent") + bytes(told, "received")), home);
        }

        private static long bytes(JsonNode told, String direction) {
            return told.required(direction + "Bytes").asLong();
        }

        private boolean isEqual() throws IOException {
            var file = state.resolve("failback.json");
            return Files.exists(file) && Files.readString(file).contains("\"EQUAL\"");
        }

        private boolean isReady() throws IOException, InterruptedException {
            var found = protection.installation().api().get("/instances/" + instance);
            return found.required("failback").required("state").asString().equals("READY");
        }

        private Timed timed(long begunNanos, double cpuSeconds, double serverBefore) {
            return new Timed(
                    (workspace.time.nanoTime() - begunNanos) / 1e9,
                    cpuSeconds + Timed.cpuSeconds(protection.server()) - serverBefore);
        }

        private void rest(long begunNanos, Process process)
                throws IOException, InterruptedException {
            if (workspace.time.nanoTime() - begunNanos > HOME_MAX.toNanos()) {
                process.destroyForcibly();
                throw new IOException("the failback did not end");
            }
            workspace.time.sleep(POLL);
        }
    }

    private List<Row> rows(List<Ours> ours, List<Peer> peers) {
        var rows = new ArrayList<Row>();
        for (var peer : peers) {
            rows.add(
                    row(
                            "seconds",
                            ours,
                            o -> o.moved().timed().seconds(),
                            peer,
                            m -> m.timed().seconds()));
            rows.add(
                    row(
                            "s, and read back",
                            ours,
                            o -> o.home().seconds(),
                            peer,
                            m -> m.timed().seconds()));
            rows.add(
                    row(
                            "CPU seconds",
                            ours,
                            o -> o.moved().timed().cpuSeconds(),
                            peer,
                            m -> m.timed().cpuSeconds()));
            rows.add(
                    row(
                            "MiB moved",
                            ours,
                            o -> mebibytes(o.moved()),
                            peer,
                            FailbackBenchmark::mebibytes));
        }
        return rows;
    }

    private static double mebibytes(Moved moved) {
        return moved.movedBytes() / (double) (1 << 20);
    }

    private Row row(
            String measure,
            List<Ours> ours,
            ToDoubleFunction<Ours> figure,
            Peer peer,
            ToDoubleFunction<Moved> peers) {
        return Row.compared(
                name(),
                measure,
                Row.Better.LESS,
                new Samples(ours.stream().mapToDouble(figure).boxed().toList()),
                peer.name(),
                new Samples(peer.figures().stream().mapToDouble(peers).boxed().toList()));
    }
}
