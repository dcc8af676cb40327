package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.control.Networks;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an operator allows no more of is refused by its type, and by the name of the setting.
class QuotaTest {
    @TempDir private Path data;

    @Test
    void whatWouldBeTooManyIsRefused() throws Exception {
        var quotas =
                Map.of(
                        "quota-source-servers", "2",
                        "quota-servers-per-job", "1",
                        "quota-jobs", "0",
                        "quota-source-networks", "1");
        try (var running = new RunningServer(data, quotas)) {
            send(running, "InitializeService", "");
            var first = enrol(running, "eth0 52:54:00:00:00:01 10.1.0.2/24");
            var second = enrol(running, "eth0 52:54:00:00:00:02 10.2.0.2/24");
            var token = RunningServer.json(running.send("POST", "/tokens", "{}"));
            var third =
                    running.send(
                            "POST",
                            "/enrol",
                            RunningServer.enrolment(token.required("token").asString()));
            assertThat(third.statusCode()).isEqualTo(409);
            assertThat(third.body()).contains("too-many-servers", "quota-source-servers");

            assertExceeded(recovery(running, first, second), "quota-servers-per-job");
            assertExceeded(recovery(running, first), "quota-jobs");
            assertThat(running.get("/jobs").required("jobs")).isEmpty();

            var networks = running.server().controller().networks().list();
            var account = running.server().controller().accounts().get().id();
            assertThat(create(running, account, networks.getFirst()).statusCode()).isEqualTo(201);
            assertExceeded(create(running, account, networks.getLast()), "quota-source-networks");
        }
    }

    @Test
    void aQuotaThatIsNoNumberIsRefused() {
        assertThatThrownBy(() -> new RunningServer(data, Map.of("quota-jobs", "many")))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("quota-jobs: expected a number, or none");
    }

    private static String enrol(RunningServer running, String card) throws Exception {
        var id = running.enrol();
        var facts =
                new MachineFacts(
                        "web1",
                        "Debian",
                        "6.1",
                        "amd64",
                        "cpu",
                        1,
                        1 << 28,
                        false,
                        "b",
                        "0.1",
                        "scan",
                        List.of(card));
        running.replicate(id, Instant.now());
        running.server()
                .controller()
                .servers()
                .begin(
                        id,
                        facts,
                        List.of(
                                new DiskFacts(
                                        "/dev/vda", RunningServer.DISK_BYTES, "model", "serial")));
        return id;
    }

    private HttpResponse<String> recovery(RunningServer running, String... servers)
            throws Exception {
        var named =
                List.of(servers).stream().map(id -> "{\"sourceServerID\":\"" + id + "\"}").toList();
        return send(
                running,
                "StartRecovery",
                "{\"sourceServers\":[" + String.join(",", named) + "],\"isDrill\":true}");
    }

    private HttpResponse<String> create(
            RunningServer running, String account, Networks.Network network) throws Exception {
        return send(
                running,
                "CreateSourceNetwork",
                "{\"vpcID\":\""
                        + network.id()
                        + "\",\"originAccountID\":\""
                        + account
                        + "\",\"originRegion\":\"eu-central-1\"}");
    }

    private HttpResponse<String> send(RunningServer running, String operation, String body)
            throws Exception {
        var lines = Files.readAllLines(data.resolve("aws-credentials"));
        var key =
                new SignedCall.Key(
                        lines.get(1).split(" = ")[1],
                        lines.get(2).split(" = ")[1],
                        Optional.empty());
        return running.send(SignedCall.drs(key, operation, body));
    }

    private static void assertExceeded(HttpResponse<String> response, String setting) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(402);
        assertThat(response.headers().firstValue("x-amzn-ErrorType"))
                .contains("ServiceQuotaExceededException");
        assertThat(response.body()).contains(setting, "\"quotaCode\"", "\"serviceCode\"");
    }
}
