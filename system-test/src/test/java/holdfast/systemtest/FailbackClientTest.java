package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/// The failback client and its surroundings, as AWS's clients drive and see it: on real disks, in
/// processes of their own. Each test brings an instance of its own home.
class FailbackClientTest {
    private static final long GIB = 1L << 30;
    private static final long ODD_BYTES = (24L << 20) + 512;
    private static final long EVEN_BYTES = 16L << 20;
    private static final long OVERHEAD_BYTES = 768 << 10;
    private static final int WRITE_BLOCKS = 8;
    private static final int REFUSED = 3;

    private static FailbackFixture home;
    private static DrsFixture aws;
    private final SplittableRandom random = new SplittableRandom(5);

    @BeforeAll
    static void open() throws Exception {
        home = FailbackFixture.open("fbclient", ODD_BYTES, EVEN_BYTES, GIB);
        aws = new DrsFixture(home.lab, home.disks.getFirst().device());
    }

    @AfterAll
    static void close() throws IOException {
        home.close();
    }

    @Test
    void theClientOutlivesItsTerminalAndIsSeenFromAnother() throws Exception {
        home.recover();
        home.apply(writes(40));
        assertThat(failback()).isEqualTo("FAILBACK_NOT_STARTED");
        aws("update-failback-replication-configuration", "--bandwidth-throttling", "1");
        assertThat(aws("get-failback-replication-configuration"))
                .contains("\"bandwidthThrottling\": 1");

        var none = home.lab.commands.run(attach());
        assertThat(none.status()).isEqualTo(REFUSED);
        assertThat(none.error()).contains("no failback client runs on " + home.run().state());

        var typescript = home.lab.directory.resolve("typescript");
        var terminal = home.run().start(inTerminal(home.run().command(), typescript));
        home.run().await("a first write", terminal, () -> home.run().standing().equals("BETWEEN"));
        home.run()
                .await(
                        "progress on the terminal",
                        terminal,
                        () -> shown(typescript).contains("fetched"));
        assertThat(failback()).isEqualTo("FAILBACK_IN_PROGRESS");
        FailbackFixture.kill(terminal); // and the terminal with it
        var received = home.relay.fromTargetBytes();

        var watched = home.lab.directory.resolve("watched");
        var one = home.run().start(inTerminal(attach("--json"), watched));
        var other = home.run().start(attach("--json"));
        home.run()
                .await(
                        "live progress at the second terminal",
                        one,
                        () -> shown(watched).contains("MiB fetched"));
        home.run().await("the client to go on", one, () -> home.relay.fromTargetBytes() > received);
        killWorker(watched);
        home.run()
                .await(
                        "its death on the second terminal",
                        one,
                        () -> shown(watched).contains("died of signal 9; it starts again in 1 s"));
        var afterDeath = home.relay.fromTargetBytes();
        home.run()
                .await(
                        "the client to begin again",
                        one,
                        () -> home.relay.fromTargetBytes() > afterDeath);
        var second = home.lab.commands.run(home.run().command());
        assertThat(second.status()).isEqualTo(REFUSED);
        assertThat(second.error()).contains("look at it with `holdfast failback attach`");

        aws("update-failback-replication-configuration", "--bandwidth-throttling", "0");
        home.run().awaitReady(other);
        assertThat(aws.aws(aws.firstKey(), launch()).orThrow()).contains("\"FAILBACK\"");
        assertThat(other.waitFor()).as(home.run().complaints()).isZero();
        assertThat(new JsonMapper().readTree(home.run().output()).required("complete").asBoolean())
                .isTrue();
        assertThat(one.waitFor()).isZero();
        assertThat(shown(watched)).contains("\"complete\"");
        assertThat(failback()).isEqualTo("FAILBACK_COMPLETED");
        home.assertEqual();
        var after = home.lab.commands.run(attach());
        assertThat(after.status()).as(after.error()).isEqualTo(REFUSED);
        assertThat(after.error()).contains("read back and complete");
        aws.aws(
                        aws.firstKey(),
                        "drs",
                        "terminate-recovery-instances",
                        "--recovery-instance-ids",
                        home.run().instance())
                .orThrow();
        home.awaitTerminated(home.server()); // the next test counts the branches
    }

    /// What a terminal has shown so far; nothing before it has begun.
    private static String shown(Path typescript) throws IOException {
        return Files.exists(typescript) ? Files.readString(typescript) : "";
    }

    /// Of the client that is shown there the process that works, and not the one that supervises
    /// it.
    private static void killWorker(Path typescript) throws Exception {
        var said = Pattern.compile("the client is process (\\d+)").matcher(shown(typescript));
        assertThat(said.find()).isTrue();
        var supervisor = ProcessHandle.of(Long.parseLong(said.group(1))).orElseThrow();
        assertThat(supervisor.children().filter(ProcessHandle::destroyForcibly)).hasSize(1);
    }

    @Test
    void anUnknownAuthorityIsTrustedOnlyByWhoeverComparesIt() throws Exception {
        home.recover();
        var command = home.run().command("--dry-run");
        var bundle = command.indexOf("--ca-bundle");
        command.subList(bundle, bundle + 2).clear();
        command.addAll(0, List.of("env", "-u", "AWS_CA_BUNDLE")); // which names one, too
        var fingerprint =
                home.lab
                        .commands
                        .output(
                                "openssl",
                                "x509",
                                "-noout",
                                "-fingerprint",
                                "-sha256",
                                "-in",
                                aws.data().resolve("ca.pem").toString())
                        .replaceFirst(".*=", "");
        var unasked = home.lab.commands.run(command);
        assertThat(unasked.status()).as(unasked.error()).isEqualTo(REFUSED);
        assertThat(unasked.error()).contains(fingerprint).contains("--ca-bundle");

        command.remove("--no-prompt");
        var trusted = home.run().state().resolve("ca.pem");
        var no = home.run().start(command, "no\n");
        assertThat(no.waitFor()).isEqualTo(REFUSED);
        assertThat(home.run().complaints())
                .contains(fingerprint)
                .contains("nothing was sent to it");
        assertThat(trusted).doesNotExist();
        var yes = home.run().start(command, "yes\n");
        assertThat(yes.waitFor()).as(home.run().complaints()).isZero();
        assertThat(home.run().output()).contains("\"complete\" : false");
        assertThat(trusted).hasSameTextualContentAs(aws.data().resolve("ca.pem"));
        Files.delete(trusted);

        command.addAll(command.indexOf("failback") + 1, List.of("--no-prompt"));
        command.set(2, "AWS_CA_BUNDLE=" + bundle());
        command.remove(1);
        var bundled = home.lab.commands.run(command);
        assertThat(bundled.status()).as(bundled.error()).isZero();
    }

    /// The installation's authority behind one of somebody else's.
    private static Path bundle() throws Exception {
        var other = home.lab.directory.resolve("other-ca.pem");
        home.lab.commands.output(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ed25519",
                "-nodes",
                "-subj",
                "/CN=Trusted Everywhere",
                "-keyout",
                home.lab.directory.resolve("other-key.pem").toString(),
                "-out",
                other.toString());
        return Files.writeString(
                home.lab.directory.resolve("bundle.pem"),
                Files.readString(other) + Files.readString(aws.data().resolve("ca.pem")));
    }

    @Test
    @Tag("long")
    void otherDisksTakeItAndADrillMeanwhileStaysWhatItIs() throws Exception {
        home.launchAs("STARTED");
        var drill = home.launch("drill");
        home.launchAs("STOPPED");
        var drilled = new ArrayList<byte[]>();
        for (var disk : home.disks.subList(0, 2)) {
            drilled.add(new Branches(home.lab).content(drill.branches().get(disk)));
        }
        home.recover();
        home.apply(writes(20));
        var odd = home.disks.get(0);
        var even = home.disks.get(1);
        var gib = home.disks.get(2);
        var old = Arrays.copyOf(odd.original, 40 << 20);
        Arrays.fill(old, odd.original.length, old.length, (byte) 7); // stays
        home.target(odd, old.length, old);
        home.target(even, EVEN_BYTES + (3 << 20), new byte[0]);
        Arrays.fill(even.changed, 0, even.original.length / 2 / 4096, true);
        home.target(gib, GIB * 3 / 4, gib.original); // as if its size had been rounded up

        var received = home.relay.fromTargetBytes();
        var client = home.run().start(home.run().command("--foreground"));
        home.run().awaitReady(client);
        var rival = new ArrayList<>(home.run().command("--foreground"));
        rival.set(rival.indexOf("--state") + 1, home.lab.directory.resolve("rival").toString());
        var refused = home.lab.commands.run(rival);
        assertThat(refused.status()).isEqualTo(REFUSED);
        assertThat(refused.error())
                .contains("follows instance " + home.run().instance() + " already");

        boto3("drs.stop_failback(recoveryInstanceID=i)");
        assertThat(client.waitFor()).isEqualTo(REFUSED);
        assertThat(home.run().complaints()).contains("failback-stopped");
        assertThat(boto3("print(describe()['failback']['state'])"))
                .isEqualTo("FAILBACK_NOT_STARTED");
        client = home.run().start(home.run().command("--foreground"));
        home.run().awaitReady(client);
        boto3("print(drs.start_failback_launch(recoveryInstanceIDs=[i])['job']['jobID'])");
        assertThat(client.waitFor()).as(home.run().complaints()).isZero();
        assertThat(boto3("print(describe()['failback']['state'])")).isEqualTo("FAILBACK_COMPLETED");
        home.assertEqual();
        assertThat(home.relay.fromTargetBytes() - received)
                .isLessThan(home.changedBytes() * 11 / 10 + 2 * OVERHEAD_BYTES);
        var behind = Files.readAllBytes(odd.image());
        assertThat(Arrays.copyOfRange(behind, (int) ODD_BYTES, behind.length)).containsOnly(7);

        for (var i = 0; i < drilled.size(); i++) {
            assertThat(new Branches(home.lab).content(drill.branches().get(home.disks.get(i))))
                    .isEqualTo(drilled.get(i));
        }
        var record = home.lab.installation.api().get("/instances/" + drill.id());
        assertThat(ProcessHandle.of(record.required("pid").asLong())).isPresent();
        boto3("drs.disconnect_recovery_instance(recoveryInstanceID=i)");
        assertThat(boto3("print(describe()['dataReplicationInfo']['dataReplicationState'])"))
                .isEqualTo("DISCONNECTED");
        boto3("drs.delete_recovery_instance(recoveryInstanceID=i)");
        home.lab.installation.command("instances", "terminate", drill.id());
    }

    private List<ModelledDisk.Write> writes(int count) {
        var writes = new ArrayList<ModelledDisk.Write>();
        for (var disk : home.disks) {
            var places = disk.original.length / 4096 / WRITE_BLOCKS - 1;
            for (var i = 0; i < count; i++) {
                var block = random.nextInt(places) * WRITE_BLOCKS;
                writes.add(disk.write(block, WRITE_BLOCKS, random));
            }
        }
        return writes;
    }

    private static List<String> attach(String... more) {
        var arguments =
                new ArrayList<>(
                        List.of("failback", "attach", "--state", home.run().state().toString()));
        arguments.addAll(List.of(more));
        return Lab.HOLDFAST.command(arguments);
    }

    /// On a pseudo-terminal, which ends with the process; what is shown there goes to a file.
    private static List<String> inTerminal(List<String> command, Path typescript) {
        var quoted = command.stream().map(word -> "'" + word + "'").toList();
        var line = "exec env TERM=xterm " + String.join(" ", quoted);
        return List.of("script", "-qefc", line, typescript.toString());
    }

    private static String[] launch() {
        return new String[] {
            "drs", "start-failback-launch", "--recovery-instance-ids", home.run().instance()
        };
    }

    private static String aws(String operation, String... more) throws Exception {
        var arguments =
                new ArrayList<>(
                        List.of("drs", operation, "--recovery-instance-id", home.run().instance()));
        arguments.addAll(List.of(more));
        return aws.aws(aws.firstKey(), arguments.toArray(String[]::new)).orThrow();
    }

    private static String failback() throws Exception {
        return aws.aws(
                        aws.firstKey(),
                        "drs",
                        "describe-recovery-instances",
                        "--filters",
                        "recoveryInstanceIDs=" + home.run().instance(),
                        "--query",
                        "items[0].failback.state",
                        "--output",
                        "text")
                .orThrow()
                .strip();
    }

    /// @param line that may use `drs`, the instance's id `i`, and `describe()`
    private static String boto3(String line) throws Exception {
        Commands.Result result =
                aws.debian(
                        aws.firstKey(),
                        "/usr/bin/python3",
                        "-c",
                        """
                        import boto3, sys
                        drs = boto3.client("drs", endpoint_url=sys.argv[1])
                        i = sys.argv[2]
                        def describe():
                            return drs.describe_recovery_instances(filters={"recoveryInstanceIDs": [i]})["items"][0]
                        """
                                + line,
                        aws.endpoint().toString(),
                        home.run().instance());
        return result.orThrow().strip();
    }
}
