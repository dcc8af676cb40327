package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Processes;
import holdfast.demo.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/// What users get wrong: one line says what was found, what was expected and what to do, the exit
/// status is that of docs/cli.md, and nothing is left behind.
class BadInputTest {
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int REFUSED = 3;
    private static final int UNREACHABLE = 5;

    private static Path folder;
    private static BadInputFixture at;

    /// One line of the tables: a command line and what comes of it.
    ///
    /// @param command words with placeholders, as [#words] fills them in
    /// @param says parts of the message, in this order
    private record Case(int status, String command, String... says) {
        @Override
        public String toString() {
            return command;
        }
    }

    @BeforeAll
    static void start() throws Exception {
        folder = Files.createTempDirectory("hf-bad-");
        // others may look for files in it, though not list them
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        at = new BadInputFixture(folder, new Commands(Processes.system()));
    }

    @AfterAll
    static void stop() throws Exception {
        try {
            if (at != null) {
                at.close();
            }
        } finally {
            new Commands(Processes.system()).output("rm", "-rf", folder.toString());
        }
    }

    static Stream<Case> asked() {
        return Stream.of(
                new Case(USAGE, "nonsense", "'nonsense'", "see holdfast --help"),
                new Case(
                        USAGE, "servers --nonsense", "'--nonsense'", "see holdfast servers --help"),
                new Case(
                        REFUSED, "servers show nope", "unknown server 'nope'; known are", "SERVER"),
                new Case(REFUSED, "points nope", "unknown server 'nope'; known are"),
                new Case(REFUSED, "verify nope", "unknown server 'nope'; known are"),
                new Case(REFUSED, "recover nope", "unknown server 'nope'; known are"),
                new Case(REFUSED, "servers remove SERVER", "every point", "repeat with --yes"),
                new Case(USAGE, "points SERVER --at 25:99", "'25:99' is no time: write 2026-"),
                new Case(USAGE, "points SERVER --at 2026-02-30", "'2026-02-30' is no time: write"),
                new Case(USAGE, "points SERVER --from yesterday", "'yesterday' is no time: write"),
                new Case(USAGE, "points SERVER --at 9000-01-01", "'9000-01-01' is no time"),
                new Case(
                        USAGE,
                        "drill SERVER --at 9000-01-01T00:00:00Z",
                        "lies in the future (it is "),
                new Case(USAGE, "points SERVER --limit many", "--limit", "'many'"),
                new Case(
                        USAGE, "points SERVER --limit 0", "limit is not a number from 1 to", ": 0"),
                new Case(
                        USAGE,
                        "points SERVER --at -1m --from -2m",
                        "--at",
                        "give one or the other"),
                new Case(
                        REFUSED,
                        "points SERVER --at 1990-01-01T00:00:00Z",
                        "has no point at or before 1990-01-01",
                        "the newest is of 20"),
                new Case(
                        REFUSED,
                        "drill SERVER --at 1990-01-01T00:00:00Z",
                        "no consistency point at or before 1990-01-01T00:00:00Z",
                        "the oldest available is pit-"),
                new Case(REFUSED, "verify SERVER --at -400d", "the oldest available is pit-"),
                new Case(USAGE, "drill SERVER --point pit-1", "pit-1; expected `pit-` and 17 hex"),
                new Case(
                        REFUSED,
                        "drill SERVER --point pit-fffffffffffffffff",
                        "pit-fffffffffffffffff",
                        "the oldest available is pit-"),
                new Case(REFUSED, "drill pointless", "no consistency point yet: wait until"),
                new Case(
                        REFUSED, "points pointless --at -1s", "has no point yet: holdfast servers"),
                new Case(REFUSED, "instances terminate i-0", "no recovery instance i-0: `holdfast"),
                new Case(USAGE, "instances terminate ../x", "'../x' is no recovery instance's id"),
                new Case(REFUSED, "instances show i-0", "no recovery instance i-0: `holdfast"),
                new Case(
                        REFUSED,
                        "export SERVER --disk /dev/no --format raw --to DIR/new",
                        "has no disk /dev/no; it has: IMAGE"),
                new Case(
                        USAGE,
                        "export SERVER --disk IMAGE --format vmdk --to DIR/new",
                        "--format is raw, qcow2 or nbd, not 'vmdk'"),
                new Case(
                        REFUSED,
                        "export SERVER --disk IMAGE --format raw --to IMAGE",
                        "IMAGE exists: name another, or overwrite it with --force"),
                new Case(
                        REFUSED,
                        "export SERVER --disk IMAGE --format raw --to DIR/no/new",
                        "no folder DIR/no: make it"),
                new Case(
                        REFUSED,
                        "export SERVER --disk IMAGE --format raw --to DIR",
                        "DIR is a folder: name a file in it"),
                new Case(
                        REFUSED,
                        "export SERVER --disk IMAGE --format raw --to TINY/new",
                        "not enough room in TINY: the disk holds 12",
                        "is free; name another folder"),
                new Case(
                        REFUSED,
                        "export SERVER --disk IMAGE --format raw --to DISK",
                        "DISK is a device: all that is on it would be lost"),
                new Case(
                        REFUSED,
                        "export SERVER --disk IMAGE --format raw --force --to STAGINGDISK",
                        "STAGINGDISK is mounted: unmount it first"),
                new Case(USAGE, "export SERVER --disk IMAGE --format raw", "needs --to <path>"),
                new Case(USAGE, "servers --server-url http://x", "'http://x' is no server address"),
                new Case(
                        UNREACHABLE,
                        "servers --server-url https://127.0.0.1:1",
                        "no server answers at https://127.0.0.1:1: start it with"),
                new Case(
                        UNREACHABLE,
                        "servers --server-url https://nowhere.invalid",
                        "no server answers at https://nowhere.invalid: start it with"),
                new Case(REFUSED, "servers --data DIR/no", "no key at DIR/no/admin.key: name"));
    }

    @ParameterizedTest
    @MethodSource("asked")
    void whatIsAskedWrongIsAnsweredInOneLine(Case wrong) throws Exception {
        var before = at.files();
        var plain =
                at.line.run(
                        CommandLine.holdfast(words(wrong.command()).toArray(String[]::new)),
                        at.access());
        message(wrong, plain.status(), plain.err(), plain.out());
        assertThat(at.files()).as("left behind").isEqualTo(before);
    }

    @Test
    void withJsonAnErrorIsAnObjectOfTheSameMessage() throws Exception {
        var plain = at.ask("drill", "nope");
        var json = at.ask("drill", "nope", "--json");
        assertThat(json.out()).isEmpty();
        assertThat(json.err()).hasLineCount(1);
        var error = JsonMapper.shared().readTree(json.err());
        assertThat(error.required("code").asString()).isEqualTo("unknown-server");
        assertThat(error.required("exitStatus").asInt()).isEqualTo(json.status());
        assertThat("holdfast: " + error.required("message").asString() + "\n")
                .isEqualTo(plain.err());
    }

    /// What a job comes to is its result, so it is told on standard output.
    @Test
    void aDrillWithoutQemuSaysWhatToInstallAndLeavesNothingRunning() throws Exception {
        var ended = at.ask("drill", serverId());
        assertThat(ended.status()).isEqualTo(FAILED);
        var last = ended.out().lines().toList().getLast();
        assertThat(last)
                .contains("launch: QEMU not found (looked for")
                .contains("install it: apt-get install qemu-system-x86");
        assertThat(ended.err()).isEmpty();
        var failed = at.ask("instances").out();
        assertThat(failed).contains(" FAILED ");
        var id = failed.lines().toList().getLast().split(" ", 2)[0];
        assertThat(at.ask("instances", "terminate", id).out()).endsWith(id + " terminated\n");
        var again = at.ask("instances", "terminate", id);
        assertThat(again.status()).isEqualTo(REFUSED);
        assertThat(again.err()).isEqualTo("holdfast: the recovery instance has been terminated\n");
    }

    static Stream<Case> agents() {
        return Stream.of(
                new Case(USAGE, "--token TOKEN", "name each disk to protect with --disk", "/dev/"),
                new Case(REFUSED, "--token TOKEN --disk /dev/no", "there is no disk /dev/no"),
                new Case(REFUSED, "--token TOKEN --disk DIR", "DIR is neither a block device nor"),
                new Case(REFUSED, "--token TOKEN --disk SMALL", "SMALL has 4096 bytes", "1 MiB or"),
                new Case(REFUSED, "--token TOKEN --disk DISK --disk DISK", "are the same disk"),
                new Case(
                        REFUSED, "--disk DISK", "holds no identity yet: give --server and --token"),
                new Case(
                        USAGE,
                        "--token hf1.x --disk DISK",
                        "enrolment token of 2 parts, expected 4: copy the whole token"),
                new Case(
                        REFUSED,
                        "--token UNKNOWN --disk DISK",
                        "https://ADDRESS: ",
                        "token",
                        "holdfast token create"),
                new Case(
                        REFUSED,
                        "--token USED --disk DISK",
                        "https://ADDRESS: ",
                        "used",
                        "holdfast token create"),
                new Case(
                        FAILED,
                        "--token FOREIGN --disk DISK",
                        "https://ADDRESS: not the server that made the token",
                        "check the address, or enrol again with a new token"),
                new Case(
                        UNREACHABLE,
                        "--server https://127.0.0.1:1 --token TOKEN --disk DISK",
                        "https://127.0.0.1:1: cannot be reached (nothing accepts connections): is"),
                new Case(
                        UNREACHABLE,
                        "--server https://nowhere.invalid --token TOKEN --disk DISK",
                        "https://nowhere.invalid: cannot be reached (no such host): is"),
                new Case(
                        USAGE,
                        "--server http://ADDRESS --token TOKEN --disk DISK",
                        "'http://ADDRESS' is no server address: write https://"),
                new Case(USAGE, "--disk DISK --tracker magic", "--tracker is ebpf or scan, not 'm"),
                new Case(
                        USAGE,
                        "--disk DISK --limit-mbps 0",
                        "--limit-mbps is a number above zero"));
    }

    @ParameterizedTest
    @MethodSource("agents")
    void anAgentThatCannotWorkSaysSoAndLeavesNothing(Case wrong) throws Exception {
        var before = at.files();
        var command = CommandLine.holdfast("agent", "run", "--state", folder + "/fresh");
        var given = words(wrong.command());
        command.addAll(given);
        if (!wrong.command().contains("--server") && wrong.command().contains("--token")) {
            command.addAll(List.of("--server", "https://" + at.api));
        }
        var ended = at.line.run(command, Map.of());
        message(wrong, ended.status(), ended.err(), ended.out());
        assertThat(at.files()).as("left behind").isEqualTo(before);
    }

    @Test
    void aStateDirectoryInUseIsNamed() throws Exception {
        refused(
                agent(at.agentState(), at.disk.device()),
                at.agentState() + " is in use by another agent: stop that one, or choose another");
    }

    @Test
    void anAgentWithAnExpiredCertificateSaysHowToEnrolAgain() throws Exception {
        var state = at.enrolled(Duration.ofMinutes(-1), at.replication);
        refused(
                agent(state, at.disk.device()),
                "this agent's certificate of 's-0123456789abcdef0' expired at 20",
                "to enrol again, delete that file and give --server and --token");
    }

    /// It would replicate its own replica, without end.
    @Test
    void theDiskUnderTheStagingAreaIsRefused() throws Exception {
        var state = folder.resolve("beside");
        var command = agent(state, at.stagingDisk.device());
        command.addAll(List.of("--server", "https://" + at.api, "--token", at.token()));
        var ended = at.line.run(command, Map.of());
        assertThat(ended.status()).as(ended.err()).isEqualTo(REFUSED);
        // the log says before that it enrolled
        assertThat(ended.err().lines().toList().getLast())
                .startsWith("holdfast: the server keeps its copies in " + at.data())
                .contains("which lies on " + at.stagingDisk.device())
                .contains("leave this disk out, or move the server's data");
        // enrolled by now: started again, with this disk or its image, it is no other
        refused(agent(state, folder.resolve("staging.img")), "which lies on ");
    }

    @Test
    void whoIsNotRootIsToldSo() throws Exception {
        var device = at.disk.device();
        var own = Files.createTempDirectory("hf-bad-nobody-");
        try {
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
            refused(
                    nobody(agent(own.resolve("state"), device)),
                    "permission denied: the agent must run as root to read disks");
            refused(
                    nobody(agent(at.agentState(), own)),
                    own + " is neither a block device nor an image file");
            var closed = Files.createDirectory(own.resolve("closed"));
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
            refused(
                    nobody(agent(at.agentState(), closed.resolve("image"))),
                    "may not look at " + closed.resolve("image") + " (permission denied)",
                    "the agent must run as root");
            Files.delete(closed);
            var image = Files.write(own.resolve("image"), new byte[2 << 20]);
            refused(
                    nobody(agent(at.agentState(), image)),
                    at.agentState().toString(),
                    "the agent must run as root, or with a directory of its user's own as --state");
            refused(
                    nobody(server(at.data(), "127.0.0.1:0", "127.0.0.1:0")),
                    "the data directory " + at.data() + " cannot be written (permission denied",
                    "make it writable for the user that runs the server, or choose another");
            refused(
                    nobody(CommandLine.holdfast("servers", "--data", at.data().toString())),
                    at.data() + "/admin.key may not be read by you: run as the server's user");
            try (var left = Files.list(own)) {
                assertThat(left).containsExactly(image);
            }
        } finally {
            new Commands(Processes.system()).output("rm", "-rf", own.toString());
        }
    }

    @Test
    void aKeyThatIsNotTheServersIsToldWhereToFindIt() throws Exception {
        var environment = new HashMap<>(at.access());
        environment.put("HOLDFAST_KEY", "guess");
        var ended = at.line.run(CommandLine.holdfast("servers"), environment);
        message(
                new Case(
                        REFUSED, "servers", "does not accept the key", "take the one in admin.key"),
                ended.status(),
                ended.err(),
                ended.out());
    }

    @Test
    void aServerThatCannotStartSaysSoAndLeavesNothing() throws Exception {
        var data = folder.resolve("another");
        var before = at.files();
        said(
                FAILED,
                server(data, at.api, "127.0.0.1:0"),
                "the API cannot listen on " + at.api,
                "choose another address with --listen");
        said(
                FAILED,
                server(data, "127.0.0.1:0", at.replication),
                "replication cannot listen on " + at.replication,
                "choose another address with --replication-listen");
        said(USAGE, server(data, "here", "127.0.0.1:0"), "listen: expected <address>:<port>");
        refused(
                server(at.tiny.resolve("data"), "127.0.0.1:0", "127.0.0.1:0"),
                at.tiny + "/data has ",
                "bytes free, a new staging area needs at least",
                "add room, or choose another directory with --data");
        refused(
                server(at.data(), at.api, at.replication),
                "another Holdfast server runs on " + at.data());
        refused(
                server(folder.resolve("x".repeat(80)), "127.0.0.1:0", "127.0.0.1:0"),
                "sockets below it allow at most",
                "choose a shorter one");
        assertThat(at.files()).as("left behind").isEqualTo(before);
    }

    @Test
    void aNewerServerIsToldFromABrokenOne() throws Exception {
        try (var newer = new NewerServer(at.authority(Duration.ofDays(1)))) {
            refused(
                    CommandLine.holdfast(
                            "servers", "--server-url", newer.api(), "--data", at.data().toString()),
                    "does not know a call of this command (version 2 speaks /api/v2)",
                    "they are of different versions",
                    "use the command that came with the server");
            // An agent goes on trying, since servers are upgraded after it or before; it says why.
            var state = at.enrolled(Duration.ofDays(1), newer.replicator());
            var log = folder.resolve("said/newer.log");
            var agent = at.line.start(agent(state, at.small(2 << 20)), Map.of(), log, log);
            BadInputFixture.await(
                    "word of the version",
                    agent,
                    log,
                    () -> Files.readString(log).contains("agent 1 to 1: upgrade the agent"));
            assertThat(log).content().doesNotContain("\tat ");
            var status = CommandLine.holdfast("agent", "status", "--state", state.toString());
            assertThat(at.line.run(status, Map.of()).out()).contains("upgrade the agent");
            agent.destroy();
            assertThat(agent.waitFor()).as("ended by SIGTERM").isEqualTo(143);
        }
    }

    private static List<String> agent(Path state, Path disk) {
        return CommandLine.holdfast(
                "agent", "run", "--state", state.toString(), "--disk", disk.toString());
    }

    private static List<String> server(Path data, String listen, String replication) {
        return CommandLine.holdfast(
                "server",
                "--data",
                data.toString(),
                "--listen",
                listen,
                "--replication-listen",
                replication);
    }

    private static List<String> nobody(List<String> command) {
        var all = new ArrayList<String>();
        all.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        all.addAll(command);
        return all;
    }

    private static void refused(List<String> command, String... says) throws Exception {
        said(REFUSED, command, says);
    }

    private static void said(int status, List<String> command, String... says) throws Exception {
        var ended = at.line.run(command, Map.of());
        message(
                new Case(status, String.join(" ", command), says),
                ended.status(),
                ended.err(),
                ended.out());
    }

    /// @return what was said
    private static String message(Case wrong, int status, String err, String out) {
        var softly = new SoftAssertions();
        softly.assertThat(status).as("exit status of %s: %s", wrong, err).isEqualTo(wrong.status());
        softly.assertThat(err).as("%s", wrong).startsWith("holdfast: ").hasLineCount(1);
        softly.assertThat(err).doesNotContain("Exception", "\tat ", "null", "Optional");
        softly.assertThat(err)
                .containsSubsequence(
                        Arrays.stream(wrong.says()).map(BadInputTest::filled).toList());
        softly.assertThat(out).isEmpty();
        softly.assertAll();
        return err;
    }

    private static List<String> words(String command) throws Exception {
        var words = new ArrayList<String>();
        for (var word : command.split(" ", -1)) {
            words.add(
                    switch (word) {
                        case "TOKEN" -> at.unusedToken;
                        case "USED" -> at.usedToken;
                        case "UNKNOWN" -> at.unknownToken();
                        case "FOREIGN" -> at.foreignToken();
                        default -> filled(word);
                    });
        }
        return words;
    }

    private static String filled(String text) {
        return text.replace("SERVER", serverId())
                .replace("ADDRESS", at.api)
                .replace("IMAGE", at.image.toString())
                .replace("STAGINGDISK", at.stagingDisk.device().toString())
                .replace("DISK", at.disk.device().toString())
                .replace("SMALL", at.small.toString())
                .replace("TINY", at.tiny.toString())
                .replace("DIR", folder.toString());
    }

    private static String serverId() {
        return at.serverId;
    }
}
