package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Blocks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `kill -9` of the failback client and of the server, which is replicator and controller: what is
/// said of the local disks is true at every moment, and what goes on fetches only the difference.
class FailbackKillTest {
    private static final int TRIPS = Integer.getInteger("holdfast.failback.trips", 20);
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());
    private static final long ODD_BYTES = (24L << 20) + 512;
    private static final long EVEN_BYTES = 16L << 20;

    /// Of each client and each session: TLS, digests of everything, reports, and what was on its
    /// way when one end was killed.
    private static final long OVERHEAD_BYTES = 768 << 10;

    private static final int WRITE_BLOCKS = 8;
    private static final int UNREACHABLE = 5;
    private static final int FAILED = 1;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    @Tag("long")
    void whateverIsKilledTheDisksAreWhatIsSaidOfThem() throws Exception {
        try (var home = FailbackFixture.open("fbkill", ODD_BYTES, EVEN_BYTES)) {
            home.recover();
            home.apply(writes(home, 60, 0, 2));
            home.limit(8);
            var client = home.run().client();
            home.run()
                    .await("a first write", client, () -> home.run().standing().equals("BETWEEN"));
            FailbackFixture.kill(client);
            assertThat(home.run().standing()).isEqualTo("BETWEEN");

            client = home.run().client();
            var received = home.relay.fromTargetBytes();
            home.run()
                    .await(
                            "some data",
                            client,
                            () -> home.relay.fromTargetBytes() > received + OVERHEAD_BYTES / 2);
            home.killServer();
            home.run().awaitEqualAfter(home.lab.time.now(), client);

            // blocks that are written for a moment only: as they were at the next point, and not
            // here
            home.limit(1);
            var passing = writes(home, 30, 1, 2);
            home.apply(passing);
            var disk = home.disks.getFirst();
            home.run()
                    .await(
                            "a part of the new data",
                            client,
                            () -> !disk.differing(disk.before).isEmpty());
            FailbackFixture.kill(client);
            home.assertClaimsHold();
            assertThat(home.run().standing()).isEqualTo("BETWEEN");
            home.apply(trims(passing));
            home.limit(0);
            client = home.run().client();
            home.run().awaitEqualAfter(home.lab.time.now(), client);
            FailbackFixture.kill(client);
            home.assertClaimsHold();
            home.assertEqual();

            client = home.run().client();
            home.run().awaitReady(client);
            home.run().launch();
            home.killServer();
            FailbackFixture.kill(client);
            home.assertClaimsHold();
            client = home.run().client();
            assertThat(client.waitFor()).as(home.run().complaints()).isZero();
            assertHome(home, 6);
        }
    }

    /// As often as `-Dholdfast.failback.trips` says, at moments that `-Dholdfast.seed` says. In
    /// every other trip the client has a supervisor, which starts it again.
    @Test
    @Tag("long")
    void killsAtAnyMomentDoNoHarm() throws Exception {
        System.out.println("failback kills: seed " + SEED + ", " + TRIPS + " trips");
        var kills = 0;
        var claims = 0;
        try (var home = FailbackFixture.open("fbkills", ODD_BYTES, EVEN_BYTES)) {
            for (var trip = 0; trip < TRIPS; trip++) {
                home.recover();
                home.apply(writes(home, 40, 0, 2));
                home.limit(List.of(0L, 4L, 16L).get(random.nextInt(3)));
                var sent = home.relay.fromTargetBytes();
                var supervised = trip % 2 == 1;
                var client = begin(home, supervised);
                var ends = 2;
                for (var count = random.nextInt(6); count > 0; count--) {
                    if (random.nextInt(3) == 0) {
                        var more = writes(home, 10, random.nextInt(2), 2);
                        home.apply(random.nextBoolean() ? more : trims(more));
                    }
                    client = killOne(home, client, supervised);
                    ends++;
                }
                if (mayBeginAgain(home, client)) {
                    client = begin(home, supervised);
                }
                home.run().awaitReady(client);
                home.run().launch();
                for (var count = random.nextInt(4); count > 0 && client.isAlive(); count--) {
                    client = killOne(home, client, supervised);
                    ends++;
                }
                client.waitFor();
                while (mayBeginAgain(home, client)) {
                    client = begin(home, supervised);
                    client.waitFor();
                }
                assertThat(client.waitFor())
                        .as("seed %d, trip %d: %s", SEED, trip, home.run().complaints())
                        .isZero();
                assertHome(home, ends, sent);
                home.terminate(home.server());
                kills += ends - 2;
                claims++;
                System.out.println("failback kills: trip " + trip + ", " + kills + " kills so far");
            }
        }
        System.out.println("failback kills: " + kills + " kills, " + claims + " trips, all home");
    }

    /// Waits for a moment, kills, looks at what is claimed if nobody works on it, and goes on.
    private Process killOne(FailbackFixture home, Process alive, boolean supervised)
            throws Exception {
        var client = mayBeginAgain(home, alive) ? begin(home, supervised) : alive;
        var millis = (long) Math.pow(10, 1 + random.nextDouble() * 2.6);
        home.lab.time.sleep(Duration.ofMillis(millis));
        var victim = random.nextInt(3);
        if (victim == 1) {
            home.killServer();
            return client;
        }
        var supervisor = supervised ? supervisor(client) : Optional.<ProcessHandle>empty();
        if (supervisor.isPresent() && random.nextInt(3) > 0) {
            killWorker(home, supervisor.get(), victim == 2);
            return client;
        }
        var workers = supervisor.stream().flatMap(ProcessHandle::children).toList();
        supervisor.ifPresent(ProcessHandle::destroyForcibly);
        workers.forEach(worker -> worker.onExit().join()); // ends with its supervisor
        FailbackFixture.kill(client);
        if (victim == 2) {
            home.killServer();
        }
        home.assertClaimsHold();
        return begin(home, supervised);
    }

    private static Process begin(FailbackFixture home, boolean supervised) throws IOException {
        return supervised ? home.run().start(home.run().command()) : home.run().client();
    }

    /// Whether it has ended because it met no server as it began, or died too often in a row.
    private static boolean mayBeginAgain(FailbackFixture home, Process client) throws Exception {
        return !client.isAlive()
                && (client.exitValue() == UNREACHABLE
                        || client.exitValue() == FAILED
                                && home.run().complaints().contains("times in a row"));
    }

    /// Of a client's terminal.
    private static Optional<ProcessHandle> supervisor(Process terminal) {
        return terminal.children().findFirst();
    }

    /// While the supervisor stands still, so that what is claimed can be looked at.
    private static void killWorker(
            FailbackFixture home, ProcessHandle supervisor, boolean serverToo) throws Exception {
        var pid = Long.toString(supervisor.pid());
        home.lab.commands.run(List.of("kill", "-STOP", pid));
        for (var worker : supervisor.children().toList()) {
            worker.destroyForcibly();
            home.lab.installation.await(
                    "the worker's end", home.server(), FailbackRun.MAX, () -> isOver(worker));
        }
        if (serverToo) {
            home.killServer();
        }
        home.assertClaimsHold();
        home.lab.commands.run(List.of("kill", "-CONT", pid));
    }

    /// Nobody takes note of its end while its parent stands still.
    private static boolean isOver(ProcessHandle process) throws IOException {
        var status = Path.of("/proc/" + process.pid() + "/stat");
        try {
            return Files.readString(status).replaceFirst(".*\\) ", "").startsWith("Z");
        } catch (NoSuchFileException _) {
            return true;
        }
    }

    /// In the first half of each disk, which holds random bytes, or in the second, which is unused.
    private List<ModelledDisk.Write> writes(FailbackFixture home, int count, int half, int halves) {
        var writes = new ArrayList<ModelledDisk.Write>();
        for (var disk : home.disks) {
            var part = disk.original.length / Blocks.BLOCK_BYTES / halves;
            for (var i = 0; i < count; i++) {
                var place = random.nextInt(part / WRITE_BLOCKS - 1) * WRITE_BLOCKS;
                writes.add(disk.write(part * half + place, WRITE_BLOCKS, random));
            }
        }
        return writes;
    }

    private static List<ModelledDisk.Write> trims(List<ModelledDisk.Write> writes) {
        return writes.stream()
                .map(write -> write.disk().trim(write.offset() / Blocks.BLOCK_BYTES, WRITE_BLOCKS))
                .toList();
    }

    private static void assertHome(FailbackFixture home, int ends) throws Exception {
        assertHome(home, ends, 0);
    }

    /// @param ends how often a client or a session began
    /// @param sentBefore by the server
    private static void assertHome(FailbackFixture home, int ends, long sentBefore)
            throws IOException, InterruptedException {
        assertThat(home.run().standing()).isEqualTo("COMPLETE");
        assertThat(home.run().failback()).isEqualTo("COMPLETED");
        home.assertEqual();
        assertThat(home.relay.fromTargetBytes() - sentBefore)
                .isLessThan(home.changedBytes() * 11 / 10 + ends * OVERHEAD_BYTES);
    }
}
