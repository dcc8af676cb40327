package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.control.Role;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Nobody gets in who may not, whatever is wrong about the request; the audit log says so, and no
/// answer or log gives a secret away.
class AwsAccessTest {
    private static final String SERVER = "s-0123456789abcdef0";
    private static final String TERMINATE = "{\"recoveryInstanceIDs\":[\"i-0123456789abcdef0\"]}";

    @TempDir static Path data;
    private static RunningServer running;
    private static SignedCall.Key admin;
    private static SignedCall.Key reader;

    @BeforeAll
    static void start() throws Exception {
        running = new RunningServer(data);
        var lines = Files.readAllLines(data.resolve("aws-credentials"));
        admin =
                new SignedCall.Key(
                        lines.get(1).split(" = ")[1],
                        lines.get(2).split(" = ")[1],
                        Optional.empty());
        reader = key("reader", Role.READ_ONLY);
        assertThat(send(SignedCall.drs(admin, "InitializeService", "")).statusCode())
                .isEqualTo(204);
    }

    @AfterAll
    static void stop() throws IOException {
        running.close();
    }

    private static SignedCall.Key key(String user, Role role) throws IOException {
        var controller = running.server().controller();
        controller.users().create(user, role.name());
        var made = controller.accessKeys().create(user);
        return new SignedCall.Key(made.key().id(), made.secret(), Optional.empty());
    }

    private static HttpResponse<String> send(SignedCall call) throws Exception {
        return running.send(call);
    }

    private static JsonNode newest() throws Exception {
        return running.get("/audit?limit=1").required("entries").get(0);
    }

    private static void assertRefused(String type, int status, SignedCall call) throws Exception {
        assertRefused(type, status, send(call), call.key());
    }

    private static void assertRefused(
            String type, int status, HttpResponse<String> response, SignedCall.Key key)
            throws Exception {
        assertThat(response.headers().firstValue("x-amzn-ErrorType")).contains(type);
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.body()).contains("message").doesNotContain(key.secret());
        var entry = newest();
        assertThat(entry.path("phase").asString()).isEqualTo("REFUSED");
        assertThat(entry.path("error").asString()).isEqualTo(type);
        assertThat(entry.path("status").asInt()).isEqualTo(status);
        assertThat(entry.path("peer").asString()).isEqualTo("127.0.0.1");
    }

    private static SignedCall describe(SignedCall.Key key) {
        return SignedCall.drs(key, "DescribeJobs", "{\"maxResults\":5}");
    }

    @Test
    void whoeverSignsRightlyIsLetIn() throws Exception {
        assertThat(send(describe(admin)).statusCode()).isEqualTo(200);
        assertThat(send(describe(reader)).statusCode()).isEqualTo(200);
    }

    @Test
    void aWrongKeyOrSecretIsRefused() throws Exception {
        var unknown = new SignedCall.Key("AKIAAAAAAAAAAAAAAAAA", admin.secret(), Optional.empty());
        assertRefused("UnrecognizedClientException", 403, describe(unknown));
        assertThat(newest().path("key").asString()).isEqualTo(unknown.id());
        assertThat(newest().has("who")).isFalse();
        var wrong = new SignedCall.Key(admin.id(), admin.secret() + "x", Optional.empty());
        assertRefused("InvalidSignatureException", 403, describe(wrong));
    }

    @Test
    void aDisabledKeyIsRefused() throws Exception {
        var key = key("gone", Role.ADMIN);
        running.server().controller().accessKeys().activate(key.id(), false);
        assertRefused("UnrecognizedClientException", 403, describe(key));
    }

    @Test
    void aSkewedClockIsRefused() throws Exception {
        for (var minutes : new int[] {-6, 6}) {
            var call = describe(admin).at(Instant.now().plus(Duration.ofMinutes(minutes)));
            assertRefused("InvalidSignatureException", 403, call);
        }
        var near = describe(admin).at(Instant.now().minus(Duration.ofMinutes(4)));
        assertThat(send(near).statusCode()).isEqualTo(200);
    }

    @Test
    void whatWasTamperedWithIsRefused() throws Exception {
        var call = describe(admin);
        assertRefused("InvalidSignatureException", 403, call.sendingBody("{\"maxResults\":6}"));
        assertRefused("InvalidSignatureException", 403, call.sendingQuery("a=b"));
        assertRefused(
                "InvalidSignatureException", 403, call.sendingHeader("x-amz-target", "other"));
        assertRefused(
                "InvalidSignatureException",
                403,
                call.sendingHeader("x-amz-date", "20260101T000000Z"));
        assertRefused(
                "InvalidSignatureException",
                403,
                call.sendingHeader("x-amz-content-sha256", "UNSIGNED-PAYLOAD"));
    }

    @Test
    void aSignedChangeIsDoneOnceEvenAcrossARestart() throws Exception {
        var call = SignedCall.drs(admin, "TerminateRecoveryInstances", TERMINATE);
        assertThat(send(call).statusCode()).isEqualTo(409); // there is no such instance
        assertRefused("ThrottlingException", 429, call);
        var signature = signatureOf(call);
        running.restart();
        // the port is another one now, and under the signature; so the question is asked within
        var signatures = running.server().controller().usedSignatures();
        assertThat(signatures.use(signature, Instant.now())).isFalse();
        var anew = SignedCall.drs(admin, "TerminateRecoveryInstances", TERMINATE + " ");
        assertThat(send(anew).statusCode()).isEqualTo(409);
        // looking may be repeated: SDKs do, and nothing comes of it
        var look = describe(admin);
        assertThat(send(look).statusCode()).isEqualTo(200);
        assertThat(send(look).statusCode()).isEqualTo(200);
    }

    /// A replay of what was done last changes nothing; one of what was done before would.
    @Test
    void aSignedChangeIsDoneAgainOnlyIfNothingElseWas() throws Exception {
        var create = SignedCall.drs(admin, "CreateRecoveryPlan", "{\"name\":\"replayed\"}");
        var created = send(create);
        assertThat(created.statusCode()).isEqualTo(201);
        assertRefused("ThrottlingException", 429, create); // which would make another one
        var arn =
                RunningServer.json(created)
                        .required("recoveryPlan")
                        .required("recoveryPlanArn")
                        .asString();
        var first = described(arn, "first");
        assertThat(send(first).statusCode()).isEqualTo(200);
        assertThat(send(first).statusCode()).isEqualTo(200);
        var second = described(arn, "second");
        assertThat(send(second).statusCode()).isEqualTo(200);
        assertRefused("ThrottlingException", 429, first);
        assertThat(send(second).statusCode()).isEqualTo(200);
        running.send("POST", "/tokens", "{}"); // also where the other call is not signed
        assertRefused("ThrottlingException", 429, second);
    }

    private static SignedCall described(String plan, String description) {
        return SignedCall.drs(
                admin,
                "UpdateRecoveryPlan",
                String.format(
                        Locale.ROOT,
                        "{\"recoveryPlanArn\":\"%s\",\"description\":\"%s\"}",
                        plan,
                        description));
    }

    private static String signatureOf(SignedCall call) {
        var header =
                call.to(running.server().apiAddress())
                        .headers()
                        .firstValue("authorization")
                        .orElseThrow();
        return header.substring(header.lastIndexOf('=') + 1);
    }

    @Test
    void aRoleWithoutTheActionIsRefusedWithNothingDone() throws Exception {
        var call = SignedCall.drs(reader, "TerminateRecoveryInstances", TERMINATE);
        assertRefused("AccessDeniedException", 403, call);
        assertThat(newest().path("who").asString()).isEqualTo("reader");
        assertThat(newest().path("action").asString()).isEqualTo("drs:TerminateRecoveryInstances");
    }

    @Test
    void aChangeIsInTheAuditLogWithWhomWhatAndResult() throws Exception {
        var operator = key("operator-1", Role.OPERATOR);
        var body = "{\"sourceServers\":[{\"sourceServerID\":\"" + SERVER + "\"}]}";
        var response = send(SignedCall.drs(operator, "StartRecovery", body));
        assertThat(response.statusCode()).isEqualTo(409);
        var entry = newest();
        assertThat(entry.path("phase").asString()).isEqualTo("ENDED");
        assertThat(entry.path("who").asString()).isEqualTo("operator-1");
        assertThat(entry.path("key").asString()).isEqualTo(operator.id());
        assertThat(entry.path("action").asString()).isEqualTo("drs:StartRecovery");
        assertThat(entry.path("on").get(0).asString()).isEqualTo(SERVER);
        assertThat(entry.path("status").asInt()).isEqualTo(409);
        assertThat(entry.path("error").asString()).isEqualTo("ConflictException");
        assertThat(entry.path("call").asString())
                .isEqualTo(response.headers().firstValue("x-amzn-RequestId").orElseThrow());
    }

    private static String element(String xml, String name) {
        var found = Pattern.compile("<" + name + ">([^<]*)</" + name + ">").matcher(xml);
        assertThat(found.find()).as("%s in %s", name, xml).isTrue();
        return found.group(1);
    }

    private static SignedCall.Key session(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new SignedCall.Key(
                element(response.body(), "AccessKeyId"),
                element(response.body(), "SecretAccessKey"),
                Optional.of(element(response.body(), "SessionToken")));
    }

    @Test
    void sessionCredentialsAreGivenOutAndEnd() throws Exception {
        var user = key("session-user", Role.OPERATOR);
        var session =
                session(
                        send(
                                SignedCall.sts(
                                        user,
                                        "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900")));
        assertThat(send(describe(session)).statusCode()).isEqualTo(200);
        var identity = send(SignedCall.sts(session, "Action=GetCallerIdentity&Version=2011-06-15"));
        assertThat(element(identity.body(), "Arn")).endsWith(":user/session-user");
        var without = new SignedCall.Key(session.id(), session.secret(), Optional.empty());
        assertRefused("UnrecognizedClientException", 403, describe(without));
        var other = new SignedCall.Key(user.id(), user.secret(), session.token());
        assertRefused("UnrecognizedClientException", 403, describe(other));

        var controller = running.server().controller();
        var signer = controller.sessions().signer(user.id(), Optional.empty()).orElseThrow();
        var ended = controller.sessions().own(signer, Duration.ofSeconds(-1));
        var expired =
                new SignedCall.Key(ended.accessKey(), ended.secret(), Optional.of(ended.token()));
        assertRefused("ExpiredTokenException", 403, describe(expired));
    }

    @Test
    void aRoleIsAssumed() throws Exception {
        var user = key("assuming", Role.OPERATOR);
        var account = running.server().controller().accounts().get().id();
        var form =
                "Action=AssumeRole&Version=2011-06-15&RoleSessionName=site-b&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                        + account
                        + "%3Arole%2F";
        var response = send(SignedCall.sts(user, form + "failback-installation"));
        var session = session(response);
        assertThat(element(response.body(), "Arn"))
                .isEqualTo(
                        "arn:aws:sts::" + account + ":assumed-role/failback-installation/site-b");
        assertThat(newest().path("action").asString())
                .isEqualTo("sts:AssumeRole/failback-installation");
        assertThat(send(SignedCall.drs(session, "DescribeSourceServers", "{}")).statusCode())
                .isEqualTo(200);
        assertRefused(
                "AccessDeniedException",
                403,
                SignedCall.drs(session, "TerminateRecoveryInstances", TERMINATE));
        assertThat(newest().path("session").asString()).isEqualTo("failback-installation/site-b");
        for (var more :
                List.of(
                        form + "admin",
                        form + "nobody",
                        form.replace(account, "000000000000") + "read-only")) {
            var denied = send(SignedCall.sts(user, more));
            assertThat(denied.statusCode()).isEqualTo(403);
            assertThat(element(denied.body(), "Code")).isEqualTo("AccessDenied");
        }
        for (var more :
                List.of(
                        form + "read-only&Policy=%7B%7D",
                        form + "read-only&DurationSeconds=60",
                        form + "read-only&Action=GetCallerIdentity",
                        "Action=AssumeRole&RoleSessionName=x",
                        "Action=GetSessionToken&SerialNumber=1&TokenCode=123456")) {
            var invalid = send(SignedCall.sts(user, more));
            assertThat(invalid.statusCode()).as(more).isEqualTo(400);
            assertThat(element(invalid.body(), "Code")).isEqualTo("ValidationError");
        }
    }

    @Test
    void presignedRequestsAreVerifiedLikeOthers() throws Exception {
        var address = running.server().apiAddress();
        var call = describe(admin);
        assertThat(raw(call.presignedTo(address, 60, "")).statusCode()).isEqualTo(200);
        assertRefused(
                "InvalidSignatureException",
                403,
                raw(call.presignedTo(address, 60, "&a=b")),
                admin);
        assertRefused(
                "InvalidSignatureException",
                403,
                raw(call.sendingBody("{}").presignedTo(address, 60, "")),
                admin);
        assertRefused(
                "InvalidSignatureException",
                403,
                raw(call.at(Instant.now().minusSeconds(90)).presignedTo(address, 60, "")),
                admin);
        assertRefused(
                "IncompleteSignatureException",
                400,
                raw(call.presignedTo(address, 8 * 86_400, "")),
                admin);
        var change = SignedCall.drs(admin, "TerminateRecoveryInstances", TERMINATE + "\n");
        var presigned = change.presignedTo(address, 3600, "");
        assertThat(raw(presigned).statusCode()).isEqualTo(409);
        assertRefused("ThrottlingException", 429, raw(presigned), admin);
    }

    private static HttpResponse<String> raw(HttpRequest request) throws Exception {
        return running.send(request);
    }

    @Test
    void bodiesThatAreNoneAreRefusedWithoutHarm() throws Exception {
        for (var body :
                List.of(
                        "{",
                        "[]",
                        "{\"maxResults\":5}}",
                        "\"x\"",
                        "{\"maxResults\":" + "9".repeat(500) + "}",
                        "{\"a\":".repeat(20_000) + "1" + "}".repeat(20_000),
                        "[".repeat(100_000))) {
            var response = send(SignedCall.drs(admin, "DescribeJobs", body));
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.headers().firstValue("x-amzn-ErrorType"))
                    .contains("SerializationException");
        }
        var large = send(SignedCall.drs(admin, "DescribeJobs", " ".repeat(2 << 20)));
        assertThat(large.statusCode()).isEqualTo(413);
        assertThat(send(describe(admin)).statusCode()).isEqualTo(200);
    }

    @Test
    void callsToTheApiAreAuditedToo() throws Exception {
        running.send("POST", "/users", "{\"name\":\"audited\",\"role\":\"admin\"}");
        running.send("POST", "/keys", "{\"user\":\"audited\"}");
        awaitEntry("POST /api/v1/keys", "\"with\":{\"user\":\"audited\"}");
        var made = awaitEntry("POST /api/v1/users", "audited");
        assertThat(made.path("who").asString()).isEqualTo("admin key");
        assertThat(made.path("status").asInt()).isEqualTo(201);
        assertThat(running.send("GET", "/api/v1/servers", "", "wrong").statusCode()).isEqualTo(401);
        assertThat(newest().path("phase").asString()).isEqualTo("REFUSED");
        assertThat(newest().path("action").asString()).isEqualTo("GET /api/v1/servers");
        running.enrol();
        assertThat(awaitEntry("POST /api/v1/enrol", "web1").toString()).doesNotContain("hf1.");
        assertThat(running.send("POST", "/api/v1/enrol", "{}", "").statusCode()).isEqualTo(400);
        var verified = running.get("/audit/verification");
        assertThat(verified.path("intact").asBoolean()).as(verified.toString()).isTrue();
    }

    /// How a call ended is written right after its answer.
    private static JsonNode awaitEntry(String action, String text) throws Exception {
        var end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (System.nanoTime() < end) {
            for (var entry : running.get("/audit?limit=100").required("entries")) {
                if (entry.path("action").asString().equals(action)
                        && entry.path("phase").asString().equals("ENDED")
                        && entry.toString().contains(text)) {
                    return entry;
                }
            }
        }
        throw new AssertionError("no entry of " + action + " with " + text);
    }

    @Test
    void noFileHoldsASecretAsItIs() throws Exception {
        var user = key("secretive", Role.OPERATOR);
        send(describe(user));
        var session =
                session(send(SignedCall.sts(user, "Action=GetSessionToken&Version=2011-06-15")));
        send(SignedCall.drs(session, "StartRecovery", "{\"sourceServers\":[]}"));
        var secrets = List.of(user.secret(), session.secret(), session.token().orElseThrow());
        try (Stream<Path> files = Files.walk(data)) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                var text =
                        new String(
                                Files.readAllBytes(file),
                                java.nio.charset.StandardCharsets.ISO_8859_1);
                assertThat(secrets).as(file.toString()).noneMatch(text::contains);
            }
        }
    }
}
