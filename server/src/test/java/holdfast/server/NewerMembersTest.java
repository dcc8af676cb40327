package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Members of configurations that are newer than the model and the SDKs: read and checked like all
/// others, by signed HTTP.
class NewerMembersTest {
    @TempDir static Path data;
    private static RunningServer running;
    private static SignedCall.Key admin;
    private static String server;
    private static int calls;

    @BeforeAll
    static void start() throws Exception {
        running = new RunningServer(data);
        var lines = Files.readAllLines(data.resolve("aws-credentials"));
        admin =
                new SignedCall.Key(
                        lines.get(1).split(" = ")[1],
                        lines.get(2).split(" = ")[1],
                        Optional.empty());
        server = running.enrol();
        assertThat(running.send(SignedCall.drs(admin, "InitializeService", "")).statusCode())
                .isEqualTo(204);
    }

    @AfterAll
    static void stop() throws IOException {
        running.close();
    }

    /// Equal calls within a second must differ, or they are taken for replayed ones.
    private static HttpResponse<String> send(String operation, String members) throws Exception {
        var body = "{\"sourceServerID\":\"" + server + "\"" + members + "}";
        return running.send(SignedCall.drs(admin, operation, body + " ".repeat(++calls)));
    }

    private static JsonNode ok(String operation, String members) throws Exception {
        var response = send(operation, members);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    private static void assertInvalid(String operation, String members, String field)
            throws Exception {
        var response = send(operation, members);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.headers().firstValue("x-amzn-ErrorType"))
                .contains("ValidationException");
        assertThat(response.body()).contains("\"name\":\"" + field + "\"");
    }

    @Test
    void dataTravelsByWhicheverProtocolTheAddressIs() throws Exception {
        var get = "GetReplicationConfiguration";
        var update = "UpdateReplicationConfiguration";
        assertThat(ok(get, "").path("internetProtocol").asString()).isEqualTo("IPV4");
        ok(update, ",\"internetProtocol\":\"IPV4\"");
        assertInvalid(update, ",\"internetProtocol\":\"IPV6\"", "internetProtocol");
        assertInvalid(update, ",\"internetProtocol\":\"IPX\"", "internetProtocol");
        assertThat(ok(get, "").path("internetProtocol").asString()).isEqualTo("IPV4");
    }

    @Test
    void aRecoveryModeIsKept() throws Exception {
        assertThat(ok("GetLaunchConfiguration", "").has("recoveryMode")).isFalse();
        ok("UpdateLaunchConfiguration", ",\"recoveryMode\":\"FAST\"");
        assertThat(ok("GetLaunchConfiguration", "").path("recoveryMode").asString())
                .isEqualTo("FAST");
        assertInvalid("UpdateLaunchConfiguration", ",\"recoveryMode\":\"SLOW\"", "recoveryMode");
    }
}
