package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentCommandTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "agent | holdfast agent needs one of the commands run, status",
                "agent run | name each disk to protect with --disk; this machine has ",
                "agent run --disk d --tracker magic | --tracker is ebpf or scan, not 'magic'",
                "agent run --disk d --limit-mbps 0 | --limit-mbps is a number above zero, not 0",
                "agent run --disk d --allow-freeze -1 | --allow-freeze is a number above zero, not -1",
                "agent run --disk d --token t --access-key-id k | --token and --access-key-id exclude each other",
                "agent run --disk d --access-key-id k | an access key needs --secret-access-key, or AWS_SECRET_ACCESS_KEY",
                "agent run --disk d --access-key-id k --secret-access-key s | name the server's ca.pem with --ca",
                "agent run --disk d --server backup:8443 | 'backup:8443' is no server address",
            })
    void whatMakesNoSenseIsRefusedBeforeAnythingStarts(String line, String message) {
        var ran = new CommandLineFixture(folder).line(line);
        assertThat(ran.err()).startsWith("holdfast: " + message);
        assertThat(ran.status()).isEqualTo(ExitStatus.USAGE);
    }

    @Test
    void aDiskThatIsNotThereEndsTheAgentInOneLine() {
        var ran =
                new CommandLineFixture(folder)
                        .run(
                                "agent",
                                "run",
                                "--disk",
                                folder.resolve("missing").toString(),
                                "--state",
                                folder.resolve("state").toString());
        assertThat(ran.status()).isIn(ExitStatus.FAILURE, ExitStatus.REFUSED);
        assertThat(ran.err()).contains(folder.resolve("missing").toString()).hasLineCount(1);
    }

    @Test
    void whereNoAgentRunsTheStatusSaysSo() {
        var ran =
                new CommandLineFixture(folder).run("agent", "status", "--state", folder.toString());
        assertThat(ran.status()).isEqualTo(ExitStatus.FAILURE);
        assertThat(ran.err()).startsWith("holdfast: no agent answers at " + folder);
    }

    @Test
    void theStatusIsLaidOutForPeople() {
        var json =
                """
                {"state": "INITIAL_SYNC", "detail": "first copy", "serverId": "s-1",
                 "replicationAddress": "backup:1500", "tracker": "ebpf", "lastPoint": null,
                 "certificate": {"expiresAt": "2027-11-21T15:00:00Z", "reason": "not now",
                   "nextAttempt": "2026-11-21T15:31:00Z"},
                 "lagMillis": null, "etaMillis": 95000, "bytesPerSecond": 1048576,
                 "link": {"state": "WAITING", "reason": "refused",
                   "nextAttempt": "2026-11-21T15:30:05Z"},
                 "disks": [{"name": "/dev/vda", "totalBytes": 2147483648,
                   "replicatedBytes": 1073741824, "rescannedBytes": 0, "backlogBytes": 4096}],
                 "counters": {"sentBytes": 5242880, "changedBytes": 1048576, "rounds": 9,
                   "consistentRounds": 7}}
                """;
        assertThat(
                        String.join(
                                "\n",
                                AgentStatusView.lines(
                                        new Answer(ApiClient.JSON.readTree(json)),
                                        ZoneId.of("Europe/Berlin"))))
                .isEqualTo(
                        """
                        state         INITIAL_SYNC: first copy
                        server        s-1
                        tracker       ebpf
                        link          WAITING: refused
                        next attempt  2026-11-21 16:30:05.000
                        certificate   valid until 2027-11-21 16:00:00.000: not now
                        replicator    backup:1500
                        time to go    1 min 35 s
                        rate          1.0 MiB/s
                        sent          5.0 MiB
                        changed       1.0 MiB
                        rounds        9, of which points 7

                        DISK         SIZE  COPIED  COMPARED  BACKLOG
                        /dev/vda  2.0 GiB   50.0%      0.0%  4.0 KiB\
                        """);
    }
}
