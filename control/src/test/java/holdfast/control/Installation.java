package holdfast.control;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.volume.EncryptionKeyFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A controller on a database file, with a store, a machine host and a clock that outlive it.
final class Installation implements AutoCloseable {
    static final MachineFacts MACHINE =
            new MachineFacts(
                    "web1",
                    "Debian GNU/Linux 12",
                    "6.1.0",
                    "amd64",
                    "a processor",
                    2,
                    1L << 30,
                    false,
                    "boot",
                    "0.1",
                    "ebpf",
                    List.of("eth0 52:54:00:00:00:01 10.0.0.2/24"));

    static final List<DiskFacts> DISKS =
            List.of(
                    new DiskFacts("/dev/sda", 8 << 20, "model", "serial-a"),
                    new DiskFacts("/dev/sdb", 4 << 20, "model", "serial-b"));

    final Crash.Fuse fuse = new Crash.Fuse();
    final FakeTime time = new FakeTime(fuse);
    final FakeStore store = new FakeStore(fuse);
    final FakeHost host = new FakeHost(fuse);
    final FakeNetworkHost networkHost = new FakeNetworkHost(fuse);

    private final Path file;
    private Database database;
    private Controller controller;
    private int enrolled;

    Installation(Path directory) throws IOException {
        file = directory.resolve("control.db");
        database = Database.open(file, time);
        controller = newController(database);
    }

    private Controller newController(Database on) {
        return new Controller(
                on,
                store,
                keyFiles(),
                host,
                networkHost,
                Path.of("nbd.sock"),
                new LaunchScripts(Filesystem.local(), file.resolveSibling("scripts")),
                ControlSettings.DEFAULT,
                time,
                RandomSource.system());
    }

    EncryptionKeyFiles keyFiles() {
        var directory = file.resolveSibling("encryption-keys");
        return new EncryptionKeyFiles(Filesystem.local(), directory, time);
    }

    Controller controller() {
        return controller;
    }

    Database database() {
        return database;
    }

    Path file() {
        return file;
    }

    /// Another process's controller on the same database; the caller closes that.
    Controller another(Database on) {
        return newController(on);
    }

    /// The process is started again, after its lease ran out.
    void restart() throws IOException {
        fuse.repair();
        controller.close();
        database.close();
        time.advance(Jobs.LEASE.plusSeconds(1));
        database = Database.open(file, time);
        controller = newController(database);
        controller.resume();
    }

    /// Puts a launch script where launch actions find it.
    void script(String name, String text) throws IOException {
        var scripts = file.resolveSibling("scripts");
        Files.createDirectories(scripts);
        Files.writeString(scripts.resolve(name), text);
    }

    /// Enrols a server, whose agent connects.
    String server() throws IOException {
        var token = "token" + ++enrolled;
        controller.enrolments().admit(token);
        var server = controller.enrolments().enrol(token, "web1", id -> id).server();
        controller.servers().begin(server.id(), MACHINE, DISKS);
        return server.id();
    }

    /// Works on jobs in this thread until there are none.
    void work() throws IOException {
        while (controller.engine().runNext()) {
            time.advance(Duration.ofMillis(1));
        }
    }

    AgentReport report(AgentReport.State state) {
        return new AgentReport(
                state,
                "",
                1_000_000,
                10,
                20,
                time.now().toEpochMilli() + 250,
                List.of(
                        new AgentReport.Disk("/dev/sda", 8 << 20, 8 << 20, 0, 4096),
                        new AgentReport.Disk("/dev/sdb", 4 << 20, 4 << 20, 0, 8192)));
    }

    @Override
    public void close() throws IOException {
        fuse.repair();
        controller.close();
        database.close();
    }
}
