package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.RequestSigner;
import holdfast.control.Role;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// What an access key may do with the API is said by its user's role, and done as its account.
class ApiRolesTest {
    private static final Pattern CALL = Pattern.compile("`(GET|POST|PUT|DELETE) (/[^`? ]*)");

    /// What is let in without an access key, or is told apart by its own rules.
    private static final List<String> APART =
            List.of("/enrol", "/healthz", "/failback", "/network-templates");

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

    private record Call(String method, String path) {}

    /// Every call of the document, each with something in the place of its names.
    private static List<Call> documented() throws IOException {
        var text = Files.readString(Path.of("..", "docs", "api.md"));
        var calls = new ArrayList<Call>();
        var matcher = CALL.matcher(text);
        while (matcher.find()) {
            var path = matcher.group(2).replaceAll("\\{[a-z]+\\}", "x-0123456789abcdef0");
            if (APART.stream().noneMatch(path::startsWith)) {
                calls.add(
                        new Call(
                                matcher.group(1),
                                path.equals("/metrics") ? path : "/api/v1" + path));
            }
        }
        assertThat(calls).hasSizeGreaterThan(50);
        return calls;
    }

    private static RequestSigner signer(String user, Role role) throws IOException {
        var controller = running.server().controller();
        controller.users().create(user, role.name());
        var made = controller.accessKeys().create(user);
        return new RequestSigner(
                made.key().id(), made.secret(), Optional.empty(), "eu-central-1", "holdfast");
    }

    private static HttpResponse<String> send(
            RequestSigner signer, String method, String target, String body) throws Exception {
        var address = running.server().apiAddress();
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        var request =
                HttpRequest.newBuilder(URI.create("https://" + address + target))
                        .method(
                                method,
                                body.isEmpty()
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofByteArray(bytes));
        signer.sign(method, address, target, Map.of(), bytes, Instant.now())
                .forEach(request::header);
        return running.send(request.build());
    }

    private static String code(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body()).path("code").asString();
    }

    @Test
    void everyCallOfTheDocumentHasAnActionAndEveryActionIsInIt() throws IOException {
        var text = Files.readString(Path.of("..", "docs", "api.md"));
        assertThat(ApiActions.names())
                .doesNotHaveDuplicates()
                .allSatisfy(name -> assertThat(text).contains("| `" + name + "` | `"));
        assertThat(documented())
                .allSatisfy(call ->
                        assertThat(ApiActions.of(call.method(), call.path()))
                                .as("%s", call)
                                .isPresent());
    }

    @Test
    void aReadOnlyKeyLooksAndChangesNothing() throws Exception {
        var id = running.enrol();
        var reader = signer("reader", Role.READ_ONLY);
        var list = send(reader, "GET", "/api/v1/servers", "");
        assertThat(list.statusCode()).isEqualTo(200);
        assertThat(list.body()).contains(id);
        assertThat(send(reader, "GET", "/api/v1/jobs?limit=5&", "").statusCode()).isEqualTo(200);
        for (var call : documented()) {
            if (!call.method().equals("GET")) {
                var path = call.path().replace("x-0123456789abcdef0", id);
                var refused = send(reader, call.method(), path, "{}");
                assertThat(refused.statusCode()).as("%s: %s", call, refused.body()).isEqualTo(403);
                assertThat(code(refused)).isEqualTo("access-denied");
                assertThat(refused.body()).contains("read-only").doesNotContain(reader.secret());
            }
        }
        var audit = send(reader, "GET", "/api/v1/audit", "");
        assertThat(audit.statusCode()).as("the log tells more than a look").isEqualTo(403);
        assertThat(running.get("/servers/" + id).path("state").asString()).isEqualTo("INITIATING");
        var newest = running.get("/audit?limit=1&who=reader").required("entries").get(0);
        assertThat(newest.path("phase").asString()).isEqualTo("REFUSED");
        assertThat(newest.path("action").asString()).isEqualTo("holdfast:ReadAudit");
    }

    @Test
    void anAgentInstallationKeyDoesNothingHere() throws Exception {
        var rollout = signer("rollout", Role.AGENT_INSTALLATION);
        for (var call : documented()) {
            var refused = send(rollout, call.method(), call.path(), "");
            assertThat(refused.statusCode()).as("%s: %s", call, refused.body()).isEqualTo(403);
        }
        var csr =
                SignedCall.of(
                        new SignedCall.Key(rollout.accessKey(), rollout.secret(), Optional.empty()),
                        "drs",
                        "/DescribeSourceServers",
                        "{}");
        assertThat(running.send(csr).statusCode()).isEqualTo(403);
    }

    @Test
    void whatAKeyDoesIsAuditedWithItsUserAndDoneOnce() throws Exception {
        var admin = signer("alice", Role.ADMIN);
        var id = running.enrol();
        assertThat(send(admin, "DELETE", "/api/v1/servers/" + id, "").statusCode()).isEqualTo(204);
        var done = running.get("/audit?limit=1&who=alice").required("entries").get(0);
        assertThat(done.path("action").asString()).isEqualTo("holdfast:RemoveServer");
        assertThat(done.path("status").asInt()).isEqualTo(204);
        assertThat(done.toString()).contains(id);
        var made = send(admin, "POST", "/api/v1/plans", "{\"name\":\"site b\"}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        var told = running.get("/audit?limit=1&who=alice").required("entries").get(0);
        assertThat(told.path("with").path("name").asString()).isEqualTo("site b");
        var unknown = send(admin, "GET", "/api/v1/servers/s-0123456789abcdef0", "");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(code(unknown)).isEqualTo("unknown-server");
        assertThat(send(admin, "GET", "/api/v1/nothing", "").statusCode()).isEqualTo(404);
        assertThat(send(admin, "POST", "/api/v1/plans", "{").statusCode()).isEqualTo(400);
        assertThat(send(admin, "POST", "/api/v1/plans", " ".repeat(70_000)).statusCode())
                .isEqualTo(413);
        var forged =
                new RequestSigner(admin.accessKey(), "wrong", Optional.empty(), "here", "holdfast");
        assertThat(send(forged, "GET", "/api/v1/servers", "").statusCode()).isEqualTo(403);
        var forDrs =
                new RequestSigner(
                        admin.accessKey(), admin.secret(), Optional.empty(), "here", "drs");
        assertThat(send(forDrs, "GET", "/api/v1/servers", "").statusCode()).isEqualTo(403);
    }

    @Test
    void anotherAccountsKeySeesItsOwnAndNothingOfTheInstallation() throws Exception {
        var id = running.enrol();
        var controller = running.server().controller();
        var branch = controller.accounts().create("branch").id();
        var eve =
                controller
                        .accounts()
                        .as(
                                branch,
                                () -> {
                                    try {
                                        return signer("eve", Role.ADMIN);
                                    } catch (IOException e) {
                                        throw new java.io.UncheckedIOException(e);
                                    }
                                });
        var servers = send(eve, "GET", "/api/v1/servers", "");
        assertThat(servers.statusCode()).isEqualTo(200);
        assertThat(servers.body()).doesNotContain(id);
        assertThat(send(eve, "DELETE", "/api/v1/servers/" + id, "").statusCode()).isEqualTo(404);
        assertThat(send(eve, "POST", "/api/v1/plans", "{\"name\":\"mine\"}").statusCode())
                .isEqualTo(201);
        assertThat(running.get("/servers/" + id).path("id").asString()).isEqualTo(id);
        for (var path : List.of("/users", "/keys", "/audit", "/accounts", "/status", "/roles")) {
            var refused = send(eve, "GET", "/api/v1" + path, "");
            assertThat(refused.statusCode()).as(path).isEqualTo(403);
        }
        var grab = "{\"user\":\"admin\"}";
        assertThat(send(eve, "POST", "/api/v1/keys", grab).statusCode()).isEqualTo(403);
        assertThat(send(eve, "POST", "/api/v1/tokens", "{}").statusCode()).isEqualTo(403);
    }
}
