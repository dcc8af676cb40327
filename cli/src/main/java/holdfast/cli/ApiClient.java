package holdfast.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The server's API of `docs/api.md`, as JSON trees. Owns its HTTP client: close it. Each call
/// blocks until the answer is there, at most [#ANSWER_MAX].
final class ApiClient implements AutoCloseable {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(10);
    private static final Duration ANSWER_MAX = Duration.ofSeconds(60);

    /// No answer of this API comes near; what exceeds it is not our server.
    private static final long ANSWER_BYTES_MAX = 64L << 20;

    static final JsonMapper JSON = JsonMapper.builder().build();

    private final ApiAccess access;
    private final HttpClient http;

    ApiClient(ApiAccess access) throws IOException {
        this.access = access;
        this.http =
                HttpClient.newBuilder()
                        .sslContext(ServerTrust.context(access.authority()))
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(CONNECT_MAX)
                        .build();
    }

    /// `/a/b/c`, each part encoded, so that no part can reach beyond its place.
    static String path(String... parts) {
        return Arrays.stream(parts)
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
                .map(part -> part.matches("\\.+") ? part.replace(".", "%2E") : part)
                .collect(Collectors.joining("/", "/", ""));
    }

    /// @param path below `/api/v1`, with its query
    /// @throws ApiException if the server answered with an error
    /// @throws UnreachableException if it did not answer
    Answer get(String path) throws IOException, InterruptedException {
        return json(call("GET", path, null));
    }

    Answer post(String path, ObjectNode body) throws IOException, InterruptedException {
        return json(call("POST", path, body));
    }

    Answer put(String path, ObjectNode body) throws IOException, InterruptedException {
        return json(call("PUT", path, body));
    }

    Answer delete(String path) throws IOException, InterruptedException {
        return json(call("DELETE", path, null));
    }

    /// The bytes of something that is not JSON, such as a screenshot.
    byte[] download(String path) throws IOException, InterruptedException {
        return call("GET", path, null);
    }

    private byte[] call(String method, String path, @Nullable ObjectNode body)
            throws IOException, InterruptedException {
        var bytes = body == null ? new byte[0] : body.toString().getBytes(StandardCharsets.UTF_8);
        var target = "/api/v1" + path;
        var building =
                HttpRequest.newBuilder(URI.create(access.base() + target))
                        .timeout(ANSWER_MAX)
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                body == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofByteArray(bytes));
        access.proof().headers(method, target, bytes).forEach(building::header);
        var request = building.build();
        try {
            var response =
                    http.send(
                            request,
                            BodyHandlers.limiting(BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
            if (response.statusCode() >= 400) {
                throw error(response.statusCode(), response.body());
            }
            return response.body();
        } catch (ApiException e) {
            throw e;
        } catch (SSLException e) {
            throw new UnreachableException(
                    String.format(
                            Locale.ROOT,
                            "what answers at %s is not the server of %s (%s): name its data folder with --data",
                            access.base(),
                            access.authority(),
                            reason(e)),
                    e);
        } catch (HttpTimeoutException e) {
            throw new UnreachableException(
                    String.format(
                            Locale.ROOT,
                            "the server at %s did not answer within %d s",
                            access.base(),
                            ANSWER_MAX.toSeconds()),
                    e);
        } catch (ConnectException | UnresolvedAddressException e) {
            throw new UnreachableException(
                    String.format(
                            Locale.ROOT,
                            "no server answers at %s: start it with holdfast server, or name its address with --server-url",
                            access.base()),
                    e);
        } catch (IOException e) {
            throw new UnreachableException(
                    String.format(
                            Locale.ROOT,
                            "the connection to the server at %s broke: %s",
                            access.base(),
                            reason(e)),
                    e);
        }
    }

    private Answer json(byte[] body) throws IOException {
        if (body.length == 0) {
            return new Answer(JSON.createObjectNode());
        }
        try {
            return new Answer(JSON.readTree(body));
        } catch (JacksonException e) {
            throw new UnreachableException(
                    String.format(
                            Locale.ROOT,
                            "what answers at %s does not speak the Holdfast API",
                            access.base()),
                    e);
        }
    }

    private ApiException error(int status, byte[] body) throws IOException {
        var answer = json(body);
        var code = answer.has("code") ? answer.text("code") : "http-" + status;
        var message =
                answer.has("message")
                        ? answer.text("message")
                        : "the server answered with HTTP status " + status + " and no reason";
        if (status == 401) {
            message =
                    String.format(
                            Locale.ROOT,
                            "the server at %s does not accept the key, which comes from HOLDFAST_KEY or else <data>/admin.key: take the one in admin.key of the server's own data folder",
                            access.base());
        } else if (code.equals("unknown-call")) {
            message =
                    String.format(
                            Locale.ROOT,
                            "the server at %s does not know a call of this command (%s): they are of different versions, this is %s: use the command that came with the server",
                            access.base(),
                            message,
                            Version.ours());
        }
        return new ApiException(status, code, message);
    }

    private static String reason(Exception e) {
        var message = e.getMessage();
        return message == null ? e.getClass().getSimpleName().toLowerCase(Locale.ROOT) : message;
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
