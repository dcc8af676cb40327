package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A copy of a server's disks is started where it reaches Holdfast, with the agent, its key and its
/// certificate on it. The copy is a process here that sees another boot, other network cards, and
/// its own disk under the server's name for it.
class CopiedServerTest {
    private static final Duration WITHIN = Duration.ofMinutes(3);
    private static final int DISK_MEBIBYTES = 64;

    /// Arguments: folder, disk, the copy's disk, and what to run.
    private static final String ELSEWHERE =
            """
            set -e
            mount --bind "$1/boot" /proc/sys/kernel/random/boot_id
            mount --bind "$1/net" /sys/class/net
            mount --bind "$3" "$2"
            shift 3
            exec "$@"
            """;

    @Test
    void aCopyIsRefusedAndTheServerGoesOn() throws Exception {
        try (var lab = Lab.open("copy")) {
            var disk = lab.disk("disk", "ext4", DISK_MEBIBYTES);
            var options = List.of("--disk", disk.device().toString());
            var installation = lab.installation;
            installation.startServer();
            var agent = installation.startAgent(options);
            var server = installation.awaitState("CONTINUOUS", agent, WITHIN);
            var path = "/servers/" + server.required("id").asString();
            var image = lab.copy(disk.device(), installation.point(lab.time.now()), "copy.img");
            scribble(image);
            var other = lab.keep(LoopDevice.attach(lab.commands, image));
            otherMachine(lab);
            lab.keep(() -> lab.uninstall(lab.directory.resolve("agent-copy")));
            lab.commands.output(
                    "cp", "-a", installation.agentState() + "/.", lab.directory + "/agent-copy");

            try (var copy = copy(lab, disk, other)) {
                installation.await(
                        "the copy's being refused",
                        copy.process(),
                        WITHIN,
                        () -> refused(installation.api().get(path)).size() == 1);
                var shown = refused(installation.api().get(path)).get(0);
                assertThat(shown.required("hardwareAddresses").get(0).asString())
                        .isEqualTo("02:00:00:00:00:99");
                assertThat(shown.required("why").asString()).contains("02:00:00:00:00:99");

                disk.quiesce();
                var point = installation.awaitPointAfter(lab.time.now(), agent, WITHIN);
                var replica = lab.copy(disk.device(), point, "replica.img");
                assertThat(mismatch(lab, replica, disk.device())).isEmpty();
                assertThat(Files.readAllLines(lab.directory.resolve("agent.log")))
                        .as("the server's session was not ended for the copy's")
                        .noneMatch(line -> line.contains("superseded"))
                        .noneMatch(line -> line.contains("other-machine"));
                assertThat(copy.process().isAlive()).as("it waits for the operator").isTrue();
            }

            installation.command("servers", "accept-machine", server.required("id").asString());
            try (var copy = copy(lab, disk, other)) {
                var point = installation.awaitPointAfter(lab.time.now(), copy.process(), WITHIN);
                var replica = lab.copy(disk.device(), point, "accepted.img");
                assertThat(mismatch(lab, replica, other.device())).isEmpty();
                installation.await(
                        "the former machine's being refused",
                        agent,
                        WITHIN,
                        () -> {
                            var link = installation.agentStatus().required("link");
                            return link.toString().contains("other-machine");
                        });
            }
        }
    }

    /// What would be found in the replica, had the copy been let in.
    private static void scribble(Path image) throws IOException {
        var noise = new byte[1 << 20];
        new SplittableRandom(1).nextBytes(noise);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(((long) DISK_MEBIBYTES << 20) - noise.length);
            file.write(noise);
        }
    }

    private static void otherMachine(Lab lab) throws IOException {
        Files.writeString(lab.directory.resolve("boot"), "99999999-0000-4000-8000-000000000099\n");
        var card = lab.directory.resolve("net/eth0");
        Files.createDirectories(card.resolve("device"));
        Files.writeString(card.resolve("address"), "02:00:00:00:00:99\n");
        Files.writeString(card.resolve("addr_assign_type"), "0\n");
    }

    private static Lab.Load copy(Lab lab, ProtectedDisk disk, LoopDevice other) throws IOException {
        var command = new ArrayList<String>();
        command.addAll(List.of("unshare", "--mount", "sh", "-c", ELSEWHERE, "sh"));
        command.add(lab.directory.toString());
        command.add(disk.device().toString());
        command.add(other.device().toString());
        command.addAll(
                Lab.HOLDFAST.command(
                        List.of(
                                "agent",
                                "run",
                                "--state",
                                lab.directory + "/agent-copy",
                                "--disk",
                                disk.device().toString())));
        return lab.load(command);
    }

    private static JsonNode refused(JsonNode server) {
        return server.required("refusedMachines");
    }

    /// What `cmp` says of a difference; empty if there is none.
    private static String mismatch(Lab lab, Path one, Path other)
            throws IOException, InterruptedException {
        var compared = lab.commands.run(List.of("cmp", one.toString(), other.toString()));
        return compared.status() == 0 ? "" : compared.toString();
    }
}
