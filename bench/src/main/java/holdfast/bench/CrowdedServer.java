package holdfast.bench;

import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.server.HoldfastServer;
import holdfast.server.ServerSettings;
import holdfast.volume.NewPoint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// A server with thousands of source servers, whose agents it plays: each is enrolled, begins a
/// session, makes a consistency point, and reports twice a minute for as long as this runs.
///
/// A program of its own. What agents say is handed to the control plane as the replicator does
/// that; their connections are left out, of which one replicator has 256.
final class CrowdedServer {
    /// What it says when all have enrolled.
    static final String READY = "crowd: ready";

    private static final Duration HEARTBEAT = Duration.ofSeconds(30);

    /// Two heartbeats may be late before an agent counts as lost; the usual is for one a second.
    private static final Duration SILENCE = HEARTBEAT.multipliedBy(3);

    private static final Duration TICK = Duration.ofMillis(50);
    private static final long DISK_BYTES = 64L << 30;
    private static final List<String> DISKS = List.of("/dev/sda");

    /// That enrol agents at a time: each waits for the disk most of the time.
    private static final int THREADS = 16;

    private final HoldfastServer server;
    private final TimeSource time = TimeSource.system();
    private final List<String> ids = new ArrayList<>();

    private CrowdedServer(HoldfastServer server) {
        this.server = server;
    }

    /// @param arguments data directory, address of the API, of the replicator, number of agents
    public static void main(String[] arguments) throws IOException, InterruptedException {
        var settings =
                ServerSettings.read(
                        Path.of(arguments[0]),
                        Map.of(
                                "listen", arguments[1],
                                "replication-listen", arguments[2],
                                "agent-silence", SILENCE.toSeconds() + "s"));
        try (var server = HoldfastServer.open(settings)) {
            var crowd = new CrowdedServer(server);
            crowd.enrol(Integer.parseInt(arguments[3]));
            System.out.println(READY);
            crowd.beat();
        }
    }

    /// As many as are missing.
    private void enrol(int count) throws IOException, InterruptedException {
        for (var known : server.controller().servers().list()) {
            ids.add(known.server().id());
        }
        if (ids.size() > count) {
            throw new IOException(
                    "there are "
                            + ids.size()
                            + " servers and not "
                            + count
                            + ": take another folder");
        }
        var enrolled = new ArrayList<Future<String>>();
        try (var threads = Executors.newFixedThreadPool(THREADS)) {
            for (var i = ids.size(); i < count; i++) {
                var number = i;
                enrolled.add(threads.submit(() -> enrolOne(number)));
            }
            for (var one : enrolled) {
                ids.add(one.get());
            }
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /// @return the server's id
    private String enrolOne(int number) throws IOException, InterruptedException {
        var hostname = String.format(Locale.ROOT, "host-%05d.example.org", number);
        var id = server.controller().enrolments().enrol(hostname, _ -> "").server().id();
        var disks = new ArrayList<DiskFacts>();
        for (var name : DISKS) {
            disks.add(new DiskFacts(name, DISK_BYTES, "Samsung SSD 870", name + number));
        }
        server.controller().servers().begin(id, machine(hostname, number), disks);
        server.store().appendPoint(new NewPoint(id, time.now(), 0, 1, false)).join();
        report(id);
        return id;
    }

    private static MachineFacts machine(String hostname, int number) {
        return new MachineFacts(
                hostname,
                "Debian GNU/Linux 13 (trixie)",
                "6.12.48-amd64",
                "x86_64",
                "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
                8,
                32L << 30,
                true,
                String.format(Locale.ROOT, "%032x", number),
                "0.1.0",
                "ebpf",
                List.of(
                        String.format(
                                Locale.ROOT,
                                "eth0 52:54:00:%02x:%02x:%02x 10.%d.%d.%d/8,fe80::1/64",
                                number >> 16 & 255,
                                number >> 8 & 255,
                                number & 255,
                                number >> 16 & 255,
                                number >> 8 & 255,
                                number & 255)));
    }

    private void report(String id) {
        var disks = new ArrayList<AgentReport.Disk>();
        for (var name : DISKS) {
            disks.add(new AgentReport.Disk(name, DISK_BYTES, DISK_BYTES, 0, 4096));
        }
        server.controller()
                .servers()
                .reported(
                        id,
                        new AgentReport(
                                AgentReport.State.CONTINUOUS,
                                "round 1",
                                1 << 20,
                                1L << 30,
                                1 << 20,
                                time.now().toEpochMilli(),
                                disks));
    }

    /// Evenly over the time; what could not be said in time is said late, and not left out.
    private void beat() throws InterruptedException {
        var begun = time.nanoTime();
        var said = 0L;
        while (true) {
            time.sleep(TICK);
            var due = (time.nanoTime() - begun) / (HEARTBEAT.toNanos() / ids.size());
            for (; said < due; said++) {
                report(ids.get((int) (said % ids.size())));
            }
        }
    }
}
