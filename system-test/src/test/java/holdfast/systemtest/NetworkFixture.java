package holdfast.systemtest;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.demo.Api;
import holdfast.demo.Commands;
import holdfast.demo.LoopDevice;
import holdfast.demo.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server and an agent at the two ends of a [PoorNetwork], with a disk to protect; data goes
/// through a [DelayRelay] at the server's end. One thread uses it.
final class NetworkFixture implements AutoCloseable {
    private static final String DELAY_MILLIS_EACH_WAY = "25";
    private static final int REPLICATION_PORT = 1500;
    private static final int API_PORT = 8443;

    final TimeSource time = TimeSource.system();
    final Commands commands = new Commands(Processes.system());
    final Path folder;
    final PoorNetwork network;
    final LoopDevice disk;
    final Process server;
    final Process agent;
    private final SplittableRandom random;
    private final CommandLine line;
    private final Api api;
    private String id = "";
    private final List<AutoCloseable> opened = new ArrayList<>();

    /// @param diskMebibytes size of the disk
    /// @param filledMebibytes at its beginning, before the agent starts
    NetworkFixture(long seed, int diskMebibytes, int filledMebibytes)
            throws IOException, InterruptedException {
        random = new SplittableRandom(seed);
        folder = Files.createTempDirectory("hf-net-");
        opened.add(() -> commands.output("rm", "-rf", folder.toString()));
        try {
            CommandLine.build(commands);
            network = PoorNetwork.make(commands);
            opened.add(network);
            var image = folder.resolve("disk.img");
            try (var file = new RandomAccessFile(image.toFile(), "rw")) {
                file.setLength((long) diskMebibytes << 20);
            }
            disk = LoopDevice.attach(commands, image);
            opened.add(disk);
            write(0, filledMebibytes, Duration.ZERO);
            line = new CommandLine(Files.createDirectory(folder.resolve("said")));
            opened.add(line);
            var relay =
                    Program.java(DelayRelay.class.getName())
                            .command(
                                    List.of(
                                            network.serverAddress(),
                                            Integer.toString(REPLICATION_PORT),
                                            DELAY_MILLIS_EACH_WAY));
            start("relay", network.atServer(relay));
            await("the relay", Duration.ofSeconds(30), () -> log("relay").contains("relaying"));
            server = start("server", network.atServer(server()));
            await("the server", Duration.ofSeconds(60), () -> log("server").contains(" answers "));
            api = new Api("https://" + network.serverAddress() + ":" + API_PORT, data());
            opened.add(api);
            agent = start("agent", network.atAgent(agent()));
            await("the enrolment", Duration.ofSeconds(60), () -> !servers().isEmpty());
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private List<String> server() {
        return CommandLine.holdfast(
                "server",
                "--data",
                data().toString(),
                "--listen",
                "0.0.0.0:" + API_PORT,
                "--replication-listen",
                "127.0.0.1:" + REPLICATION_PORT,
                "--address",
                network.serverAddress());
    }

    /// Enrols at the server itself; is told to replicate to the port at which the relay is.
    private List<String> agent() throws IOException, InterruptedException {
        var token = ask("token", "create").required("token").asString();
        return CommandLine.holdfast(
                "agent",
                "run",
                "--state",
                folder.resolve("agent").toString(),
                "--server",
                "https://" + network.serverAddress() + ":" + API_PORT,
                "--token",
                token,
                "--disk",
                disk.device().toString());
    }

    private Process start(String name, List<String> command) throws IOException {
        var log = folder.resolve(name + ".log");
        return line.start(command, Map.of(), log, log);
    }

    String log(String name) throws IOException {
        return Files.readString(folder.resolve(name + ".log"));
    }

    private Path data() {
        return folder.resolve("data");
    }

    /// Runs a command at the server's end of the network.
    JsonNode ask(String... arguments) throws IOException, InterruptedException {
        var command = CommandLine.holdfast(arguments);
        command.add("--json");
        var ended =
                line.run(
                        network.atServer(command),
                        Map.of(
                                "HOLDFAST_URL",
                                "https://127.0.0.1:" + API_PORT,
                                "HOLDFAST_DATA",
                                data().toString()));
        if (ended.status() != 0) {
            throw new IOException(String.join(" ", arguments) + ": " + ended.err());
        }
        return JsonMapper.shared().readTree(ended.out());
    }

    /// The only server's record.
    JsonNode source() throws IOException, InterruptedException {
        return servers().get(0);
    }

    private JsonNode servers() throws IOException, InterruptedException {
        return api.get("/servers").required("servers");
    }

    /// The newest durable point's instant, as the list of points has it.
    Instant newestPoint() throws IOException, InterruptedException {
        if (id.isEmpty()) {
            id = source().required("id").asString();
        }
        var points = api.get("/servers/" + id + "/points?at=" + time.now()).required("points");
        return Instant.parse(points.get(0).required("instant").asString());
    }

    /// Writes random bytes through to the disk, evenly over the given time at least.
    void write(int fromMebibyte, int mebibytes, Duration over)
            throws IOException, InterruptedException {
        var bytes = new byte[1 << 20];
        var begun = time.nanoTime();
        try (var file = new RandomAccessFile(disk.device().toFile(), "rw")) {
            for (var i = 0; i < mebibytes; i++) {
                random.nextBytes(bytes);
                file.seek((long) (fromMebibyte + i) << 20);
                file.write(bytes);
                file.getFD().sync();
                var due = over.multipliedBy(i + 1).dividedBy(mebibytes);
                time.sleep(due.minusNanos(time.nanoTime() - begun));
            }
        }
    }

    /// In bytes.
    static long residentBytes(Process process) throws IOException {
        var status = Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"));
        var line = status.stream().filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
    }

    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    void await(String what, Duration atMost, Condition condition)
            throws IOException, InterruptedException {
        var deadline = time.nanoTime() + atMost.toNanos();
        while (!condition.holds()) {
            if (time.nanoTime() > deadline) {
                throw new IOException(what + ": not within " + atMost + "\n" + logs());
            }
            time.sleep(Duration.ofMillis(200));
        }
    }

    private String logs() throws IOException {
        var all = new StringBuilder();
        for (var name : List.of("relay", "server", "agent")) {
            if (Files.exists(folder.resolve(name + ".log"))) {
                all.append(name).append(":\n").append(log(name));
            }
        }
        return all.toString();
    }

    @Override
    public void close() throws IOException {
        var failure = new IOException("while taking the network down");
        for (var resource : opened.reversed()) {
            try {
                resource.close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
        if (failure.getSuppressed().length > 0) {
            throw failure;
        }
    }
}
