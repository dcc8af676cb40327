package holdfast.agent;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// Makes this machine a source server: exchanges a one-time token for a certificate (docs/api.md,
/// `POST /enrol`). The private key stays here.
///
/// The server is known by the fingerprint of its authority, which the token carries; so neither
/// side trusts the other before both have shown what the operator gave them.
///
/// @param time against which certificates are checked
/// @param random that the key is made from
record Enrolment(TimeSource time, RandomSource random) {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    /// @param server such as `https://recovery.example.com:8443`
    /// @param hostname only for whoever looks at the list of servers
    /// @throws RefusalException if the server does not accept the token, or it is none
    /// @throws ConnectException if the server cannot be reached
    /// @throws IOException if the server is not the one of the token
    StateDirectory.Enrolled enrol(URI server, String tokenText, String hostname)
            throws IOException, InterruptedException {
        var token = parse(tokenText);
        if (!"https".equals(server.getScheme()) || server.getHost() == null) {
            throw new RefusalException(
                    "bad-server-address",
                    server + ": expected an address such as https://recovery.example.com:8443");
        }
        var asked = CertificateRequest.create(random, hostname);
        var answer = post(server, token, asked, hostname);
        if (answer.statusCode() / 100 != 2) {
            throw refusal(server, answer);
        }
        var body = json(server, answer.body());
        var identity = asked.identity(text(body, "certificate"), text(body, "ca"), token);
        if (!identity.name().equals(text(body, "serverId"))) {
            throw new IOException(server + ": the certificate is for another server than its id");
        }
        return new StateDirectory.Enrolled(
                identity, text(body, "replicationAddress"), dataDirectory(body));
    }

    private static EnrolmentToken parse(String text) {
        try {
            return EnrolmentToken.parse(text);
        } catch (IllegalArgumentException e) {
            throw new RefusalException("malformed-token", String.valueOf(e.getMessage()));
        }
    }

    private HttpResponse<String> post(
            URI server, EnrolmentToken token, CertificateRequest asked, String hostname)
            throws IOException, InterruptedException {
        var body =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("token", token.text())
                        .put("csr", asked.pem())
                        .put("hostname", hostname);
        var request =
                HttpRequest.newBuilder(server.resolve("/api/v1/enrol"))
                        .timeout(TIMEOUT)
                        .header("Content-Type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        JsonMapper.shared().writeValueAsString(body)))
                        .build();
        try (var client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(TIMEOUT)
                        .sslContext(TlsContexts.enrolling(token, time, random))
                        .build()) {
            return client.send(
                    request, BodyHandlers.limiting(BodyHandlers.ofString(), ANSWER_BYTES_MAX));
        } catch (SSLException e) {
            throw new IOException(
                    server + ": not the server that made the token: " + e.getMessage(), e);
        } catch (IOException e) {
            var unreachable =
                    new ConnectException(
                            server
                                    + ": cannot be reached ("
                                    + why(e)
                                    + "): is the server running there?");
            unreachable.initCause(e);
            throw unreachable;
        }
    }

    /// The JDK's client leaves the commonest reasons without words.
    private static String why(IOException e) {
        if (e.getCause() instanceof UnresolvedAddressException
                || (e.getCause() != null
                        && e.getCause().getCause() instanceof UnresolvedAddressException)) {
            return "no such host";
        }
        return switch (e) {
            case HttpTimeoutException _ -> "no answer within " + TIMEOUT.toSeconds() + " s";
            case ConnectException refused when refused.getMessage() == null ->
                    "nothing accepts connections";
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    /// What the server says, in its own words.
    private static RefusalException refusal(URI server, HttpResponse<String> answer)
            throws IOException {
        var body = json(server, answer.body());
        return new RefusalException(text(body, "code"), server + ": " + text(body, "message"));
    }

    private static JsonNode json(URI server, String body) throws IOException {
        try {
            return JsonMapper.shared().readTree(body);
        } catch (JacksonException e) {
            throw new IOException(server + ": answers, but not as a Holdfast server does", e);
        }
    }

    /// Older servers do not tell it.
    private static Optional<Path> dataDirectory(JsonNode body) {
        var value = body.path("dataDirectory");
        return value.isString() ? Optional.of(Path.of(value.stringValue())) : Optional.empty();
    }

    private static String text(JsonNode body, String name) throws IOException {
        var value = body.path(name);
        if (!value.isString()) {
            throw new IOException("the server's answer has no \"" + name + "\"");
        }
        return value.stringValue();
    }
}
