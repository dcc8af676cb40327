package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What each command prints, for people and as JSON, against a server that answers as `docs/api.md`
/// says.
class CommandsTest {
    @TempDir Path folder;

    private FakeApi api;
    private CommandLineFixture holdfast;

    @BeforeEach
    void start() throws Exception {
        api = new FakeApi(Files.createDirectory(folder.resolve("data")));
        holdfast = new CommandLineFixture(folder).asking(api);
        api.on("GET /servers", 200, ApiFixtures.SERVERS);
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void serversListsEachWithItsLagAndProgress() {
        var ran = holdfast.line("servers");
        assertThat(ran.out())
                .isEqualTo(
                        """
                        ID                   HOST   STATE            LAG   BACKLOG  COPIED  NEWEST POINT
                        s-00000000000000001  web-1  CONTINUOUS    850 ms       0 B  100.0%  2026-11-21 16:29:59.150
                        s-00000000000000002  db-1   INITIAL_SYNC       -  15.0 GiB   50.0%  -
                        """);
        assertThat(ran.err()).isEmpty();
        assertThat(ran.status()).isEqualTo(ExitStatus.OK);
    }

    @Test
    void jsonIsTheServersAnswerUnchanged() {
        var ran = holdfast.line("servers --json");
        assertThat(ApiClient.JSON.readTree(ran.out()))
                .isEqualTo(ApiClient.JSON.readTree(ApiFixtures.SERVERS));
        assertThat(ran.err()).isEmpty();
    }

    @Test
    void noServersAtAllIsSaidInWords() {
        api.instead("GET /servers", 200, "{\"servers\": []}");
        assertThat(holdfast.line("servers").out()).isEqualTo("no server is protected yet\n");
    }

    @Test
    void aServerIsShownByItsHostNameWithItsDisks() {
        api.on(
                "GET /servers/s-00000000000000002",
                200,
                ApiClient.JSON.readTree(ApiFixtures.SERVERS).path("servers").get(1).toString());
        assertThat(holdfast.line("servers show db-1").out())
                .isEqualTo(
                        """
                        server         s-00000000000000002 (db-1)
                        state          INITIAL_SYNC: first copy
                        lag            -
                        backlog        15.0 GiB
                        newest point   -
                        rate           100.0 MiB/s
                        sent           5.3 GiB for 15.0 GiB changed
                        last heard of  2026-11-21 16:29:59.950
                        clock          -12 ms against the server's
                        certificate    valid until 2027-11-21 16:00:00.000

                        DISK          SIZE  COPIED  COMPARED   BACKLOG  VOLUME
                        /dev/vda  10.0 GiB  100.0%      0.0%       0 B  vol-2
                        /dev/vdb  20.0 GiB   25.0%      0.0%  15.0 GiB  vol-3
                        """);
    }

    @Test
    void removingAServerWantsToBeConfirmed() {
        var asked = holdfast.line("servers remove web-1");
        assertThat(asked.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(asked.err())
                .isEqualTo(
                        "holdfast: s-00000000000000001 (web-1) would lose every point of its 1 disks for good; "
                                + "repeat with --yes if that is meant\n");
        assertThat(api.requests()).doesNotContain("DELETE /servers/s-00000000000000001");
        api.on("DELETE /servers/s-00000000000000001", 204, "");
        var done = holdfast.line("servers remove web-1 --yes");
        assertThat(done.status()).isEqualTo(ExitStatus.OK);
        assertThat(api.requests()).contains("DELETE /servers/s-00000000000000001");
    }

    @Test
    void stoppingAServerWantsToBeConfirmedAndStartingDoesNot() {
        assertThat(holdfast.line("servers stop web-1").status()).isEqualTo(ExitStatus.REFUSED);
        api.on("POST /servers/s-00000000000000001/stop", 200, "{\"state\": \"STOPPED\"}");
        assertThat(holdfast.line("servers stop web-1 --yes").out())
                .isEqualTo("s-00000000000000001 is STOPPED\n");
        api.on("POST /servers/s-00000000000000001/start", 200, "{\"state\": \"INITIATING\"}");
        assertThat(holdfast.line("servers start web-1").out())
                .isEqualTo("s-00000000000000001 is INITIATING\n");
    }

    @Test
    void pointsAroundTheNewestAreListed() {
        api.on(
                "GET /servers/s-00000000000000001/points?from=2026-11-21T15%3A29%3A29.150Z",
                200,
                """
                {"points": [
                  {"id": "p-0", "instant": "2026-11-21T15:29:57.150Z",
                   "durableAt": "2026-11-21T15:29:58.650Z", "round": 75, "frozen": true,
                   "snapshot": true},
                  {"id": "p-1", "instant": "2026-11-21T15:29:59.150Z",
                   "durableAt": "2026-11-21T15:29:59.400Z", "round": 77, "frozen": false,
                   "snapshot": false}]}
                """);
        assertThat(holdfast.line("points web-1").out())
                .isEqualTo(
                        """
                        POINT  INSTANT                  SAFE AFTER  ROUND  KIND
                        p-0    2026-11-21 16:29:57.150       1.5 s     75  snapshot, frozen
                        p-1    2026-11-21 16:29:59.150      250 ms     77
                        """);
    }

    @Test
    void aPointIsAskedForByTimeInTheLocalZone() {
        api.on(
                "GET /servers/s-00000000000000001/points?at=2026-11-21T15%3A29%3A59.500Z",
                200, "{\"points\": [" + ApiFixtures.POINT + "]}");
        var ran = holdfast.run("points", "web-1", "--at", "16:29:59.5");
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out()).contains("p-1    2026-11-21 16:29:59.150");
    }

    @Test
    void aRelativeTimeIsNotTakenForAnOption() {
        api.on(
                "GET /servers/s-00000000000000001/points?at=2026-11-21T15%3A25%3A00Z",
                200, "{\"points\": []}");
        var ran = holdfast.line("points web-1 --at -5m");
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err())
                .contains("has no point at or before 2026-11-21 16:25:00.000")
                .contains("the newest is of");
    }

    @Test
    void aDrillTellsEachPhaseAndTheProofOfBooting() {
        api.on("POST /recoveries", 202, ApiFixtures.DRILL_PENDING)
                .on("GET /jobs/j-1", 200, ApiFixtures.DRILL_STARTED)
                .on("GET /jobs/j-1", 200, ApiFixtures.DRILL_COMPLETED)
                .on("GET /instances", 200, "{\"instances\": [" + ApiFixtures.INSTANCE + "]}");
        var ran = holdfast.line("drill web-1 --at -1m");
        assertThat(api.requests())
                .contains(
                        "POST /recoveries {\"drill\":true,\"servers\":[\"s-00000000000000001\"],"
                                + "\"at\":\"2026-11-21T15:29:00Z\"}");
        assertThat(ran.out())
                .isEqualTo(
                        """
                          branch          34 ms  1 disk
                          boot           12.3 s  login prompt on the console
                        INSTANCE  SERVER               STATE    RECOVERED AT             BOOT PROOF
                        i-1       s-00000000000000001  RUNNING  2026-11-21 16:29:59.150  login prompt on the console after 12.3 s
                        done in 500 ms
                        """);
        assertThat(ran.status()).isEqualTo(ExitStatus.OK);
    }

    @Test
    void aDrillInJsonPrintsTheJobAndKeepsPhasesOutOfIt() {
        api.on("POST /recoveries", 202, ApiFixtures.DRILL_PENDING)
                .on("GET /jobs/j-1", 200, ApiFixtures.DRILL_COMPLETED);
        var ran = holdfast.line("drill web-1 --json");
        assertThat(ApiClient.JSON.readTree(ran.out()))
                .isEqualTo(ApiClient.JSON.readTree(ApiFixtures.DRILL_COMPLETED));
        assertThat(ran.err()).contains("  boot           12.3 s  login prompt on the console\n");
    }

    @Test
    void aFailedRecoveryEndsWithItsReason() {
        var failed =
                ApiFixtures.job("RECOVER", "FAILED", "qemu is not installed", "[]", "[]", "{}");
        api.on("POST /recoveries", 202, failed).on("GET /instances", 200, "{\"instances\": []}");
        var ran = holdfast.line("recover web-1");
        assertThat(ran.status()).isEqualTo(ExitStatus.FAILURE);
        assertThat(ran.out()).endsWith("not done after 0 ms: qemu is not installed\n");
    }

    @Test
    void evidenceIsSavedAsItCame() throws Exception {
        var picture = new byte[] {(byte) 0x89, 'P', 'N', 'G', 0, (byte) 0xff};
        api.on("GET /instances/i-1", 200, ApiFixtures.INSTANCE)
                .on("GET /instances/i-1/screenshot", 200, picture)
                .on("GET /instances/i-1/console", 200, "login: ");
        var screenshot = folder.resolve("boot.png");
        var console = folder.resolve("console.txt");
        var ran =
                holdfast.run(
                        "instances",
                        "show",
                        "i-1",
                        "--screenshot",
                        screenshot.toString(),
                        "--console",
                        console.toString());
        assertThat(screenshot).hasBinaryContent(picture);
        assertThat(console).hasContent("login: ");
        assertThat(ran.out())
                .isEqualTo(
                        """
                        instance      i-1
                        server        s-00000000000000001
                        kind          drill
                        state         RUNNING
                        recovered at  2026-11-21 16:29:59.150
                        launched      2026-11-21 16:30:00.500
                        runs with     tcg
                        process       4711
                        boot proof    login prompt on the console after 12.3 s
                        console       saved to %s
                        screenshot    saved to %s
                        """
                                .replaceFirst("%s", console.toString())
                                .replaceFirst("%s", screenshot.toString()));
    }

    @Test
    void anInstanceIsTerminatedByName() {
        api.on(
                "POST /instances/i-1/terminate",
                202,
                ApiFixtures.job("TERMINATE", "COMPLETED", "", "[]", "[]", "{}"));
        assertThat(holdfast.line("instances terminate i-1").out()).isEqualTo("i-1 terminated\n");
    }

    @Test
    void namesCannotReachOtherCalls() {
        assertThat(ApiClient.path("instances", "../servers?x= y"))
                .isEqualTo("/instances/..%2Fservers%3Fx%3D%20y");
        var ran = holdfast.run("instances", "show", "../servers?x= y");
        assertThat(ran.status()).isEqualTo(ExitStatus.USAGE);
        assertThat(ran.err()).contains("is no recovery instance's id, such as i-");
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void damageIsNamedAndHasItsOwnStatus() {
        api.on(
                        "POST /verifications",
                        202,
                        ApiFixtures.job("VERIFY", "STARTED", "", "[]", "[]", "{}"))
                .on(
                        "GET /jobs/j-1",
                        200,
                        ApiFixtures.job(
                                "VERIFY",
                                "FAILED",
                                "damage found",
                                "[]",
                                "[]",
                                """
                                {"bytesRead": 1048576, "extents": 4, "damage": [
                                  {"volume": "vol-1", "offsetBytes": 8192, "lengthBytes": 4096,
                                   "file": "00000007.segment", "fileOffsetBytes": 4242,
                                   "what": "crc32c 1 instead of 2"}]}
                                """));
        var ran = holdfast.line("verify web-1");
        assertThat(ran.status()).isEqualTo(ExitStatus.DAMAGE);
        assertThat(ran.out())
                .isEqualTo(
                        """
                        damaged: volume vol-1, bytes 8192 to 12287, in 00000007.segment at 4242: crc32c 1 instead of 2
                        1.0 MiB, 4 extents read: 1 damaged places
                        """);
    }

    @Test
    void aCleanScrubSaysHowMuchItRead() {
        api.on(
                "POST /scrubs",
                202,
                ApiFixtures.job(
                        "SCRUB",
                        "COMPLETED",
                        "",
                        "[]",
                        "[]",
                        "{\"filesRead\": 3, \"bytesRead\": 2048, \"extentsChecked\": 9, \"damage\": []}"));
        var ran = holdfast.line("scrub");
        assertThat(ran.out()).isEqualTo("3 files, 2.0 KiB, 9 extents read: no damage\n");
        assertThat(ran.status()).isEqualTo(ExitStatus.OK);
    }

    @Test
    void aTokenStandsAloneOnStandardOutput() {
        api.on(
                "POST /tokens",
                200,
                "{\"token\": \"hf-1234\", \"expiresAt\": \"2026-11-22T15:30:00.000Z\"}");
        var ran = holdfast.line("token create");
        assertThat(ran.out()).isEqualTo("hf-1234\n");
        assertThat(ran.err()).isEqualTo("good for one agent until 2026-11-22 16:30:00.000\n");
    }

    @Test
    void aJobIsFollowedAcrossARestartOfTheServer() {
        var result = "{\"filesRead\": 1, \"bytesRead\": 1, \"extentsChecked\": 1, \"damage\": []}";
        api.on("POST /scrubs", 202, ApiFixtures.job("SCRUB", "STARTED", "", "[]", "[]", "{}"))
                .hangUpOn("GET /jobs/j-1")
                .hangUpOn("GET /jobs/j-1")
                .on(
                        "GET /jobs/j-1",
                        200,
                        ApiFixtures.job("SCRUB", "COMPLETED", "", "[]", "[]", result));
        assertThat(holdfast.line("scrub").status()).isEqualTo(ExitStatus.OK);
    }

    @Test
    void aServerThatStaysAwayEndsTheWaiting() {
        api.on("POST /scrubs", 202, ApiFixtures.job("SCRUB", "STARTED", "", "[]", "[]", "{}"))
                .hangUpOn("GET /jobs/j-1");
        var ran = holdfast.line("scrub");
        assertThat(ran.status()).isEqualTo(ExitStatus.UNREACHABLE);
        assertThat(ran.err()).contains("the connection to the server at " + api.url() + " broke");
    }

    @Test
    void onATerminalTheRunningPhaseIsShownInPlace() {
        api.on("POST /recoveries", 202, ApiFixtures.DRILL_STARTED)
                .on("GET /jobs/j-1", 200, ApiFixtures.DRILL_COMPLETED)
                .on("GET /instances", 200, "{\"instances\": []}");
        var ran = new CommandLineFixture(folder, true).asking(api).line("drill web-1");
        assertThat(ran.err()).startsWith("\r  boot").contains("\u001b[K");
        assertThat(ran.out()).doesNotContain("\r");
    }

    private static final String KEY =
            """
            {"accessKeyId": "AKIA1", "user": "ops", "active": true,
             "createdAt": "2026-11-21T15:00:00.000Z", "secretAccessKey": "s3cret"}
            """;

    @Test
    void aNewKeyIsToldInTheFormThatAwsClientsRead() {
        api.on("POST /keys", 201, KEY).on("POST /keys/AKIA0/rotate", 201, KEY);
        for (var line : new String[] {"key create --user ops", "key rotate AKIA0"}) {
            var ran = holdfast.line(line);
            assertThat(ran.out())
                    .isEqualTo("aws_access_key_id = AKIA1\naws_secret_access_key = s3cret\n");
            assertThat(ran.err()).isEqualTo("of user ops; not told again\n");
        }
        holdfast.line("key rotate AKIA0 --old-valid-for 1h30m");
        assertThat(api.requests())
                .containsExactly(
                        "POST /keys {\"user\":\"ops\"}",
                        "POST /keys/AKIA0/rotate {\"oldValidForSeconds\":86400}",
                        "POST /keys/AKIA0/rotate {\"oldValidForSeconds\":5400}");
        assertThat(holdfast.line("key create").status()).isEqualTo(ExitStatus.USAGE);
        assertThat(holdfast.line("key rotate AKIA0 --old-valid-for soon").status())
                .isEqualTo(ExitStatus.USAGE);
    }

    @Test
    void keysAreListedDisabledAndEnabled() {
        api.on("GET /keys?user=a%2Bb", 200, "{\"keys\": [" + KEY + "]}")
                .on("PUT /keys/AKIA1", 200, KEY);
        assertThat(holdfast.line("key list --user a+b").out())
                .isEqualTo(
                        """
                        ID     USER  ACTIVE  CREATED                  VALID UNTIL
                        AKIA1  ops   yes     2026-11-21 16:00:00.000  -
                        """);
        assertThat(holdfast.line("key disable AKIA1").out()).isEqualTo("AKIA1 disabled\n");
        assertThat(holdfast.line("key enable AKIA1").out()).isEqualTo("AKIA1 enabled\n");
        assertThat(api.requests())
                .endsWith(
                        "PUT /keys/AKIA1 {\"active\":false}", "PUT /keys/AKIA1 {\"active\":true}");
    }

    @Test
    void anInstanceIsProtected() {
        api.on("POST /instances/i-1/protect", 201, "{\"id\": \"s-1\"}");
        assertThat(holdfast.line("instances protect i-1").out())
                .isEqualTo("i-1 is protected as s-1\n");
    }

    @Test
    void aHostNameMeansTheMachineAndNotWhatIsMadeOfIt() {
        var made = "{\"id\": \"s-2\", \"hostname\": \"web-1\", \"madeOf\": \"i-1\"}";
        var machine = "{\"id\": \"s-1\", \"hostname\": \"web-1\"}";
        api.instead("GET /servers", 200, "{\"servers\": [" + made + "," + machine + "]}")
                .on("POST /servers/s-1/stop", 200, machine);
        assertThat(holdfast.line("servers stop web-1 --yes").status()).isEqualTo(ExitStatus.OK);
        assertThat(api.requests()).contains("POST /servers/s-1/stop {}");
    }

    @Test
    void anAccessKeyNeedsItsSecret() {
        holdfast.environment("HOLDFAST_ACCESS_KEY_ID", "AKIA1");
        var ran = holdfast.line("servers");
        assertThat(ran.status()).isEqualTo(ExitStatus.USAGE);
        assertThat(ran.err()).contains("HOLDFAST_SECRET_ACCESS_KEY");
    }

    @Test
    void accountsAreMadeSharedListedAndDeleted() {
        var branch =
                """
                {"id": "210987654321", "name": "branch", "home": false, "sharedWith": ["123456789012"]}\
                """;
        api.on("POST /accounts", 201, branch)
                .on("GET /accounts", 200, "{\"accounts\": [" + branch + "]}")
                .on("PUT /accounts/210987654321/shares/123456789012", 204, "")
                .on("DELETE /accounts/210987654321/shares/123456789012", 204, "")
                .on("DELETE /accounts/210987654321", 204, "");
        assertThat(holdfast.line("account create branch").out())
                .isEqualTo("account branch is 210987654321\n");
        assertThat(holdfast.line("account list").out())
                .isEqualTo(
                        """
                        ACCOUNT       NAME    SHARED WITH
                        210987654321  branch  123456789012
                        """);
        assertThat(holdfast.line("account share 210987654321 --with 123456789012").out())
                .isEqualTo("account 123456789012 may extend servers of account 210987654321\n");
        assertThat(holdfast.line("account unshare 210987654321 --with 123456789012").out())
                .isEqualTo("account 123456789012 may not extend servers of account 210987654321\n");
        assertThat(holdfast.line("account delete 210987654321").out())
                .isEqualTo("210987654321 deleted\n");
        assertThat(holdfast.line("account share 210987654321").status())
                .isEqualTo(ExitStatus.USAGE);
    }

    @Test
    void usersAndRolesAreMadeChangedAndListed() {
        var user =
                "{\"name\":\"ops\",\"role\":\"drills\",\"account\":\"210987654321\",\"createdAt\":\"2026-11-21T15:00:00.000Z\"}";
        var role =
                "{\"name\":\"drills\",\"builtIn\":false,\"actions\":[\"drs:Get*\",\"drs:StartRecovery\"]}";
        api.on("POST /users", 201, user)
                .on("PUT /users/ops", 200, user)
                .on("GET /users", 200, "{\"users\":[" + user + "]}")
                .on("DELETE /users/ops", 204, "")
                .on("POST /roles", 201, role)
                .on("PUT /roles/drills", 200, role)
                .on("GET /roles", 200, "{\"roles\":[" + role + "]}")
                .on("DELETE /roles/drills", 204, "");
        assertThat(
                        holdfast.line(
                                        "role create drills --action drs:Get* --action drs:StartRecovery")
                                .out())
                .isEqualTo("role drills allows drs:Get* drs:StartRecovery\n");
        assertThat(holdfast.line("user create ops --role drills").out())
                .isEqualTo("user ops has the role drills\n");
        holdfast.line("user create eve --role drills --account 210987654321");
        holdfast.line("user update ops --role drills");
        holdfast.line("role update drills --action *");
        assertThat(api.requests())
                .containsExactly(
                        "POST /roles {\"actions\":[\"drs:Get*\",\"drs:StartRecovery\"],\"name\":\"drills\"}",
                        "POST /users {\"name\":\"ops\",\"role\":\"drills\"}",
                        "POST /users {\"name\":\"eve\",\"role\":\"drills\",\"account\":\"210987654321\"}",
                        "PUT /users/ops {\"role\":\"drills\"}",
                        "PUT /roles/drills {\"actions\":[\"*\"]}");
        assertThat(holdfast.line("user list").out())
                .isEqualTo(
                        """
                        NAME  ROLE    ACCOUNT       CREATED
                        ops   drills  210987654321  2026-11-21 16:00:00.000
                        """);
        assertThat(holdfast.line("role list").out())
                .isEqualTo(
                        """
                        NAME    BUILT IN  ALLOWS
                        drills  no        drs:Get* drs:StartRecovery
                        """);
        assertThat(holdfast.line("user delete ops").out()).isEqualTo("ops deleted\n");
        assertThat(holdfast.line("role delete drills").out()).isEqualTo("drills deleted\n");
        assertThat(holdfast.line("role create drills").status()).isEqualTo(ExitStatus.USAGE);
        assertThat(holdfast.line("user update ops").status()).isEqualTo(ExitStatus.USAGE);
    }

    @Test
    void theAuditLogIsListedAndVerified() {
        api.on(
                        "GET /audit?limit=50&who=ops&from=2026-11-21T15%3A25%3A00Z",
                        200,
                        """
                        {"entries": [
                          {"seq": 4, "at": "2026-11-21T15:00:03Z", "phase": "REFUSED", "peer": "10.0.0.8",
                           "key": "AKIAX", "action": "drs:DescribeJobs", "status": 403,
                           "error": "UnrecognizedClientException"},
                          {"seq": 3, "at": "2026-11-21T15:00:02Z", "phase": "ENDED", "peer": "10.0.0.7",
                           "who": "ops", "session": "drills/x", "action": "drs:StartRecovery",
                           "on": ["s-1", "pit-1"], "status": 202},
                          {"seq": 1, "at": "2026-11-21T15:00:01Z", "phase": "BEGUN", "peer": "10.0.0.7",
                           "who": "ops", "action": "drs:StartRecovery"}]}
                        """)
                .on("GET /audit/verification", 200, "{\"intact\": true, \"entries\": 4}");
        assertThat(holdfast.line("audit --who ops --from -5m").out())
                .isEqualTo(
                        """
                        AT                       WHO              FROM      ACTION             ON         RESULT
                        2026-11-21 16:00:03.000  unknown (AKIAX)  10.0.0.8  drs:DescribeJobs              refused: 403 UnrecognizedClientException
                        2026-11-21 16:00:02.000  ops (drills/x)   10.0.0.7  drs:StartRecovery  s-1 pit-1  202
                        2026-11-21 16:00:01.000  ops              10.0.0.7  drs:StartRecovery             not known: no end was written
                        """);
        var intact = holdfast.line("audit verify");
        assertThat(intact.out()).isEqualTo("4 entries, all as they were written\n");
        assertThat(intact.status()).isEqualTo(ExitStatus.OK);
        api.instead(
                "GET /audit/verification",
                200,
                "{\"intact\": false, \"entries\": 2, \"fault\": \"f, line 3\"}");
        var damaged = holdfast.line("audit verify");
        assertThat(damaged.out()).isEqualTo("f, line 3\n");
        assertThat(damaged.status()).isEqualTo(ExitStatus.DAMAGE);
    }
}
