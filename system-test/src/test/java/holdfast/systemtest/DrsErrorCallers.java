package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.AwsApi;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import software.amazon.awssdk.services.drs.DrsClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The SDK for Java, boto3 in one process, and signed HTTP, of one server. One thread uses them.
final class DrsErrorCallers implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final DrsFixture clients;
    private final AwsApi api;
    private final AwsApi.Key admin;
    private final AwsApi.Key powerless;
    private final Process boto;
    private final BufferedReader said;
    private final OutputStream told;
    private final Map<String, DrsClient> sdks = new HashMap<>();
    private int botoCalls;
    private int others;

    DrsErrorCallers(DrsFixture clients) throws IOException, InterruptedException {
        this.clients = clients;
        this.api = new AwsApi(clients.lab.time, clients.endpoint().toString(), clients.data());
        this.admin = AwsApi.Key.first(clients.data());
        var name = "nothing"; // which the role allows, and the user has
        var role = JSON.createObjectNode().put("name", name);
        role.putArray("actions").add("none:Nothing");
        var installation = clients.lab.installation.api();
        installation.post("/roles", role);
        installation.post("/users", JSON.createObjectNode().put("name", name).put("role", name));
        var key = installation.post("/keys", JSON.createObjectNode().put("user", name));
        this.powerless =
                new AwsApi.Key(
                        key.required("accessKeyId").asString(),
                        key.required("secretAccessKey").asString());
        var script = clients.lab.directory.resolve("drs_errors.py");
        try (var in = DrsErrorCallers.class.getResourceAsStream("drs_errors.py")) {
            Files.write(script, in.readAllBytes());
        }
        var command =
                new ProcessBuilder(
                                clients.debianCommand(
                                        clients.firstKey(),
                                        "/usr/bin/python3",
                                        script.toString(),
                                        clients.endpoint().toString()))
                        .redirectError(clients.lab.directory.resolve("boto.log").toFile());
        this.boto = clients.lab.processes.start(command);
        this.said = boto.inputReader(StandardCharsets.UTF_8);
        this.told = boto.getOutputStream();
    }

    AwsApi.Key admin() {
        return admin;
    }

    /// Of a user whose role allows nothing.
    AwsApi.Key powerless() {
        return powerless;
    }

    /// @return the answer of a call that succeeds
    JsonNode ask(String operation, JsonNode request) throws IOException, InterruptedException {
        var answer = api.call(admin, operation, request.toString());
        assertThat(answer.statusCode() / 100).as("%s: %s", operation, answer.body()).isEqualTo(2);
        return answer.body().isEmpty() ? JSON.createObjectNode() : JSON.readTree(answer.body());
    }

    /// Calls with every client, and expects that error of each.
    ///
    /// @param twice whether a request is sent as it is again, and the second one's answer counts
    void expect(String operation, String type, JsonNode request, AwsApi.Key key, boolean twice)
            throws Exception {
        var what = operation + " " + request;
        if (!SdkCalls.knows(operation)) {
            var answer = signed(operation, request, key, twice);
            assertThat(answer.headers().firstValue("x-amzn-ErrorType"))
                    .as("%s: %s", what, answer.body())
                    .contains(type);
            assertHelps(what, JSON.readTree(answer.body()).required("message").asString());
            return;
        }
        // at a time, since a refused repetition is told at the end of the second
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var toldBoto = threads.submit(() -> boto(operation, request, key, twice));
            var thrown = SdkCalls.call(sdk(key, twice), operation, request).orElse(null);
            assertThat(thrown)
                    .as("the SDK for Java, %s, which was to end with %s", what, type)
                    .isNotNull();
            assertThat(thrown.getClass().getSimpleName())
                    .as("%s: %s", what, thrown)
                    .isEqualTo(type);
            assertHelps(what, thrown.awsErrorDetails().errorMessage());
            var boto = toldBoto.get();
            if (!boto.required("type").asString().equals("lacking")) { // Debian's is older
                assertThat(boto.required("type").asString())
                        .as("boto3, %s: %s", what, boto)
                        .isEqualTo(type);
                assertHelps(what, boto.required("message").asString());
                botoCalls++;
            }
        }
    }

    /// Errors that boto3 has received.
    int botoCalls() {
        return botoCalls;
    }

    private static void assertHelps(String what, String message) {
        assertThat(message)
                .as(what)
                .hasSizeGreaterThan(15)
                .contains(" ")
                .doesNotContain("Exception");
    }

    private HttpResponse<String> signed(
            String operation, JsonNode request, AwsApi.Key key, boolean twice)
            throws IOException, InterruptedException {
        var signed = api.signed(key, operation, request.toString());
        if (twice) {
            api.send(signed);
            changeSomethingElse();
        }
        return api.send(signed);
    }

    private DrsClient sdk(AwsApi.Key key, boolean twice) {
        return sdks.computeIfAbsent(
                key.id() + twice,
                _ -> {
                    var http = clients.http();
                    return clients.client(
                            new DrsFixture.Key(key.id(), key.secret()),
                            twice ? new SdkCalls.Twice(http, this::changeSomethingElse) : http);
                });
    }

    /// Or what is repeated might be done again, as it would change nothing.
    private void changeSomethingElse() throws IOException {
        try {
            var nothing = String.format(Locale.ROOT, "drsjob-%017x", ++others);
            var request = JSON.createObjectNode().put("jobID", nothing);
            var answer = api.call(admin, "DeleteJob", request.toString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(404); // let in
        } catch (InterruptedException e) {
            throw new InterruptedIOException(e.getMessage());
        }
    }

    private JsonNode boto(String operation, JsonNode request, AwsApi.Key key, boolean twice)
            throws IOException {
        var call =
                JSON.createObjectNode()
                        .put("operation", operation)
                        .put("key", key.id())
                        .put("secret", key.secret())
                        .put("twice", twice);
        call.set("request", request);
        told.write((call + "\n").getBytes(StandardCharsets.UTF_8));
        told.flush();
        var answer = said.readLine();
        assertThat(answer)
                .as("boto3 ended: %s", Files.readString(clients.lab.directory.resolve("boto.log")))
                .isNotNull();
        return JSON.readTree(answer);
    }

    @Override
    public void close() {
        boto.destroyForcibly().onExit().join();
        sdks.values().forEach(DrsClient::close);
        api.close();
    }
}
