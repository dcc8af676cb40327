package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// The API over real HTTPS, on a whole server.
class ApiTest {
    private static final Instant T = Instant.parse("2026-11-01T12:00:00.123456Z");

    @TempDir static Path data;
    private static RunningServer running;

    @BeforeAll
    static void start() throws IOException {
        running = new RunningServer(data);
    }

    @AfterAll
    static void stop() throws IOException {
        running.close();
    }

    @Test
    void theKeyIsReadableByItsOwnerOnly() throws IOException {
        assertThat(Files.getPosixFilePermissions(data.resolve("admin.key")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/servers",
                "/api/v1/status",
                "/api/v1/nothing",
                "/metrics",
                "/api/v1/%65nrol",
                "/"
            })
    void withoutTheKeyNothingIsTold(String path) throws Exception {
        for (var key : new String[] {"", "wrong", running.key() + "x"}) {
            var response = running.send("GET", path, "", key);
            assertThat(response.statusCode()).isEqualTo(401);
            assertThat(code(response)).isEqualTo("unauthorized");
            assertThat(response.headers().firstValue("WWW-Authenticate")).contains("Bearer");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET,/nothing,unknown-call",
        "PUT,/servers,unknown-call",
        "GET,/servers/s-0,unknown-server",
        "GET,/servers/s-0/points,unknown-server",
        "DELETE,/servers/s-0,unknown-server",
        "GET,/jobs/job-0,unknown-job",
        "GET,/instances/i-0,unknown-instance",
        "POST,/servers/s-0/stop,unknown-server",
        "POST,/servers/s-0/start,unknown-server",
        "POST,/instances/i-0/exports,unknown-instance",
        "POST,/instances/i-0/start,unknown-instance",
        "POST,/instances/i-0/terminate,unknown-instance",
        "GET,/instances/i-0/console,unknown-instance",
        "DELETE,/exports/e-0,unknown-export"
    })
    void whatIsNotThereIs404(String method, String path, String code) throws Exception {
        var response = running.send(method, path, "");
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(code(response)).isEqualTo(code);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[]",
                "\"text\"",
                "{\"servers\": [\"s-0\"]} more",
                "{\"servers\": \"s-0\"}",
                "{\"servers\": [1]}",
                "{\"servers\": []}",
                "{\"servers\": [\"s-0\", \"s-0\"]}",
                "{\"servers\": [\"s-0\"], \"drill\": \"yes\"}",
                "{\"servers\": [\"s-0\"], \"surprise\": 1}",
                "{\"servers\": [\"s-0\"], \"at\": \"yesterday\"}",
                "{\"servers\": [\"s-0\"], \"at\": \"2026-11-01T12:00:00Z\", \"point\": \"pit-0\"}",
                ""
            })
    void aMalformedRequestIs400WithAReason(String body) throws Exception {
        var response = running.send("POST", "/recoveries", body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(code(response)).startsWith("malformed-");
        assertThat(RunningServer.json(response).required("message").asString()).isNotBlank();
    }

    @Test
    void aDeeplyNestedBodyIs400() throws Exception {
        var response = running.send("POST", "/recoveries", "[".repeat(30_000));
        assertThat(response.statusCode()).isEqualTo(400);
    }

    @Test
    void anOversizeBodyIs413() throws Exception {
        var response =
                running.send("POST", "/recoveries", " ".repeat(RequestBody.BYTES_MAX) + "{}");
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(code(response)).isEqualTo("body-too-large");
        assertThat(running.get("/status").required("version").asString()).isNotEmpty();
    }

    @Test
    void anAgentEnrolsOnceWithAToken() throws Exception {
        var made = running.send("POST", "/tokens", "{}");
        assertThat(made.statusCode()).isEqualTo(201);
        var token = RunningServer.json(made).required("token").asString();
        var enrolled = running.send("POST", "/api/v1/enrol", RunningServer.enrolment(token), "");
        assertThat(enrolled.statusCode()).as(enrolled.body()).isEqualTo(201);
        var answer = RunningServer.json(enrolled);
        assertThat(answer.required("certificate").asString()).contains("BEGIN CERTIFICATE");
        assertThat(answer.required("ca").asString())
                .isEqualTo(Files.readString(data.resolve("ca.pem")));
        assertThat(answer.required("replicationAddress").asString())
                .isEqualTo(running.server().replicationAddress());
        var again = running.send("POST", "/api/v1/enrol", RunningServer.enrolment(token), "");
        assertThat(again.statusCode()).isEqualTo(403);
        assertThat(code(again)).isEqualTo("token-used");
        var server = running.get("/servers/" + answer.required("serverId").asString());
        assertThat(server.required("state").asString()).isEqualTo("INITIATING");
        assertThat(server.has("certificateExpiresAt")).isFalse();
        var id = server.required("id").asString();
        running.server()
                .controller()
                .servers()
                .certified(id, Instant.parse("2027-11-21T15:00:00Z"));
        assertThat(running.get("/servers/" + id).required("certificateExpiresAt").asString())
                .isEqualTo("2027-11-21T15:00:00.000Z");
    }

    @Test
    void aMadeUpTokenOrRequestIsRefused() throws Exception {
        var unknown =
                running.send("POST", "/api/v1/enrol", RunningServer.enrolment("hf1.a.b.c"), "");
        assertThat(unknown.statusCode()).isEqualTo(403);
        assertThat(code(unknown)).isEqualTo("token-unknown");
        var malformed =
                running.send(
                        "POST",
                        "/api/v1/enrol",
                        "{\"token\": \"t\", \"csr\": \"c\", \"hostname\": \"web1\"}",
                        "");
        assertThat(malformed.statusCode()).isEqualTo(400);
        assertThat(code(malformed)).isEqualTo("malformed-csr");
    }

    @Test
    void aServerIsShownWithItsPointsAndLag() throws Exception {
        var id = running.enrol();
        var point = running.replicate(id, T);
        var server = running.get("/servers/" + id);
        assertThat(server.required("lagMillis").asLong()).isBetween(5L, 60_000L);
        assertThat(server.required("newestPoint").required("id").asString()).isEqualTo(point.id());
        assertThat(server.required("newestPoint").required("instant").asString())
                .isEqualTo("2026-11-01T12:00:00.123456Z");
        var disk = server.required("disks").get(0);
        assertThat(disk.required("name").asString()).isEqualTo("/dev/vda");
        assertThat(disk.required("totalBytes").asLong()).isEqualTo(RunningServer.DISK_BYTES);
        assertThat(points(id, "")).hasSize(1);
        assertThat(points(id, "?at=" + T)).hasSize(1);
        assertThat(points(id, "?at=" + T.minusNanos(1))).isEmpty();
        assertThat(points(id, "?from=" + T.plusMillis(1))).isEmpty();
        assertThat(points(id, "?to=" + T + "&limit=1")).hasSize(1);
        for (var query : new String[] {"?at=now", "?limit=0", "?limit=many"}) {
            assertThat(running.send("GET", "/servers/" + id + "/points" + query, "").statusCode())
                    .isEqualTo(400);
        }
    }

    @Test
    void aRecoveryWithoutSuchAPointIs409() throws Exception {
        var id = running.enrol();
        var none = running.send("POST", "/recoveries", "{\"servers\": [\"" + id + "\"]}");
        assertThat(none.statusCode()).isEqualTo(409);
        assertThat(code(none)).isEqualTo("no-point");
        var point = running.replicate(id, T);
        var early =
                running.send(
                        "POST",
                        "/recoveries",
                        "{\"servers\": [\"%s\"], \"at\": \"%s\"}"
                                .replaceFirst("%s", id)
                                .replaceFirst("%s", T.minusMillis(1).toString()));
        assertThat(early.statusCode()).isEqualTo(409);
        assertThat(code(early)).isEqualTo("point-before-window");
        assertThat(early.body()).contains(point.id());
    }

    @Test
    void aPointIsVerifiedAndTheStoreScrubbed() throws Exception {
        var id = running.enrol();
        running.replicate(id, T);
        var verified =
                await(running.send("POST", "/verifications", "{\"server\": \"" + id + "\"}"));
        assertThat(verified.required("state").asString()).isEqualTo("COMPLETED");
        assertThat(verified.required("result").required("damage")).isEmpty();
        assertThat(verified.required("result").required("bytesRead").asLong()).isPositive();
        assertThat(verified.required("phases").get(0).required("endedAt").asString()).isNotEmpty();
        var scrubbed = await(running.send("POST", "/scrubs", "{}"));
        assertThat(scrubbed.required("state").asString()).isEqualTo("COMPLETED");
        assertThat(scrubbed.required("result").required("filesRead").asInt()).isPositive();
    }

    @Test
    void onlyAMachineThatWasRefusedIsAccepted() throws Exception {
        var unknown = running.send("POST", "/servers/s-0/machine", "{}");
        assertThat(unknown.statusCode()).isEqualTo(404);
        var path = "/servers/" + running.enrol();
        assertThat(RunningServer.json(running.send("GET", path, "")).required("refusedMachines"))
                .isEmpty();
        var none = running.send("POST", path + "/machine", "{\"bootId\": \"b\"}");
        assertThat(none.statusCode()).as(none.body()).isEqualTo(404);
        assertThat(code(none)).isEqualTo("unknown-machine");
    }

    @Test
    void anExportIsServedUntilItIsDeletedAndKeepsItsServer() throws Exception {
        var id = running.enrol();
        running.replicate(id, T);
        var made =
                running.send(
                        "POST", "/exports", "{\"server\": \"" + id + "\", \"disk\": \"/dev/vda\"}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        var export = RunningServer.json(made).required("id").asString();
        assertThat(RunningServer.json(made).required("uri").asString())
                .isEqualTo("nbd+unix:///" + export + "?socket=" + data.resolve("nbd.sock"));
        try (var nbd = SocketChannel.open(UnixDomainSocketAddress.of(data.resolve("nbd.sock")))) {
            var greeting = ByteBuffer.allocate(8);
            nbd.read(greeting);
            assertThat(new String(greeting.array(), StandardCharsets.US_ASCII))
                    .isEqualTo("NBDMAGIC");
        }
        var used = running.send("DELETE", "/servers/" + id, "");
        assertThat(used.statusCode()).isEqualTo(409);
        assertThat(code(used)).isEqualTo("server-has-export");
        assertThat(running.send("DELETE", "/exports/" + export, "").statusCode()).isEqualTo(204);
        assertThat(running.send("DELETE", "/servers/" + id, "").statusCode()).isEqualTo(204);
        assertThat(running.send("GET", "/servers/" + id, "").statusCode()).isEqualTo(404);
    }

    @Test
    void healthNeedsNoKeyAndMetricsAreComplete() throws Exception {
        assertThat(running.send("GET", "/healthz", "", "").body()).isEqualTo("ok\n");
        var id = running.enrol();
        running.replicate(id, T);
        var metrics = running.send("GET", "/metrics", "", running.key()).body();
        assertThat(metrics)
                .contains("holdfast_server_lag_seconds{hostname=\"web1\",server=\"" + id + "\"} ")
                .contains("holdfast_server_state{hostname=\"web1\",server=\"" + id)
                .contains("holdfast_staging_free_bytes{storage_class=\"STANDARD\"} ")
                .contains("holdfast_instances{state=\"RUNNING\"} 0");
        assertThat(metrics.lines().filter(line -> !line.startsWith("#")))
                .allMatch(line -> line.matches("[a-z_]+(\\{[^}]*})? [0-9.E-]+"));
    }

    @Test
    void everythingIsThereAfterARestart() throws Exception {
        var id = running.enrol();
        var point = running.replicate(id, T);
        running.restart();
        assertThat(running.get("/servers/" + id).required("newestPoint").required("id").asString())
                .isEqualTo(point.id());
    }

    private JsonNode points(String id, String query) throws Exception {
        return running.get("/servers/" + id + "/points" + query).required("points");
    }

    private JsonNode await(HttpResponse<String> started) throws Exception {
        assertThat(started.statusCode()).as(started.body()).isEqualTo(202);
        return running.await(RunningServer.json(started));
    }

    private static String code(HttpResponse<String> response) {
        return RunningServer.json(response).required("code").asString();
    }
}
