package holdfast.failback;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.RequestSigner;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.AuthorityProbe;
import holdfast.replication.certificates.UntrustedCertificateException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// The calls of docs/api.md that are for failback clients.
///
/// @param base `https://host:port`
/// @param tls trusts the installation's authority, and nothing else
record ControllerApi(URI base, RequestSigner signer, SSLContext tls, TimeSource time) {
    /// That requests are signed for.
    static final String SERVICE = "holdfast";

    private static final String ROOT = "/api/v1/failback";
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int ANSWER_BYTES_MAX = 4 << 20;

    /// @param authority PEM
    /// @param replicationAddress `host:port`
    record Paired(
            String clientId, String certificate, String authority, String replicationAddress) {}

    /// The authority of whatever answers there, which nothing is sent to.
    static X509Certificate authority(URI base, RandomSource random)
            throws IOException, InterruptedException {
        var probe = new AuthorityProbe(random);
        try (var client =
                HttpClient.newBuilder()
                        .connectTimeout(TIMEOUT)
                        .sslContext(probe.context())
                        .build()) {
            client.send(
                    HttpRequest.newBuilder(base).timeout(TIMEOUT).build(),
                    BodyHandlers.discarding());
        } catch (ConnectException e) {
            throw unreachable(base, e);
        } catch (IOException e) {
            return probe.seen()
                    .orElseThrow(() ->
                            new IOException(
                                    base + ": answers, but not as a Holdfast server does", e));
        }
        throw new IllegalStateException("a probe trusts nobody");
    }

    private static ConnectException unreachable(URI base, IOException cause) {
        var why = cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")";
        var unreachable =
                new ConnectException(
                        base
                                + ": cannot be reached"
                                + why
                                + ": check the address, and that its TCP port is open to this machine");
        unreachable.initCause(cause);
        return unreachable;
    }

    List<Instance> instances() throws IOException, InterruptedException {
        return Instance.all(call("GET", "/instances", ""));
    }

    /// @param csr PKCS #10, PEM
    /// @param original whether this is the machine that the instance was recovered from
    /// @throws RefusalException if another client follows it, or it cannot be followed
    Paired pair(String instance, String hostname, boolean original, String csr)
            throws IOException, InterruptedException {
        var body =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("instance", instance)
                        .put("hostname", hostname)
                        .put("original", original)
                        .put("csr", csr);
        var answer = call("POST", "/clients", body.toString());
        return new Paired(
                text(answer, "clientId"),
                text(answer, "certificate"),
                text(answer, "ca"),
                text(answer, "replicationAddress"));
    }

    /// Gives up what was begun.
    void leave(String clientId) throws IOException, InterruptedException {
        call("DELETE", "/clients/" + clientId, "");
    }

    private JsonNode call(String method, String path, String body)
            throws IOException, InterruptedException {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        var port = base.getPort();
        var host = port < 0 ? base.getHost() : base.getHost() + ":" + port;
        var request =
                HttpRequest.newBuilder(base.resolve(ROOT + path))
                        .timeout(TIMEOUT)
                        .method(
                                method,
                                bytes.length == 0
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofByteArray(bytes));
        signer.sign(method, host, ROOT + path, Map.of(), bytes, time.now())
                .forEach(request::header);
        var answer = send(request.build());
        var json = json(answer.body());
        if (answer.statusCode() / 100 != 2) {
            throw new RefusalException(text(json, "code"), base + ": " + text(json, "message"));
        }
        return json;
    }

    /// @throws ConnectException if nobody answers, or no more
    private HttpResponse<String> send(HttpRequest request)
            throws IOException, InterruptedException {
        try (var client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(TIMEOUT)
                        .sslContext(tls)
                        .build()) {
            return client.send(
                    request, BodyHandlers.limiting(BodyHandlers.ofString(), ANSWER_BYTES_MAX));
        } catch (IOException e) {
            if (UntrustedCertificateException.in(e).isEmpty()) {
                throw unreachable(base, e);
            }
            throw new IOException(
                    base
                            + ": not the server of this certificate authority: "
                            + e.getMessage()
                            + "; give its ca.pem with --ca-bundle",
                    e);
        }
    }

    private JsonNode json(String body) throws IOException {
        try {
            return JsonMapper.shared().readTree(body.isEmpty() ? "{}" : body);
        } catch (JacksonException e) {
            throw new IOException(base + ": answers, but not as a Holdfast server does", e);
        }
    }

    private String text(JsonNode body, String name) throws IOException {
        var value = body.path(name);
        if (!value.isString()) {
            throw new IOException(base + ": the answer has no \"" + name + "\"");
        }
        return value.stringValue();
    }
}
