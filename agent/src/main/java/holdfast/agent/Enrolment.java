package holdfast.agent;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.RequestSigner;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// Makes this machine a source server: exchanges a one-time token (docs/api.md, `POST /enrol`) or a
/// request signed with an access key for a certificate. The private key stays here.
///
/// The server is known by its authority, which the operator named with the token or as a file; so
/// neither side trusts the other before both have shown what the operator gave them.
///
/// @param time against which certificates are checked
/// @param random that the key is made from
record Enrolment(TimeSource time, RandomSource random) {
    /// That requests with an access key are signed for.
    private static final String SERVICE = "drs";

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    /// @param server such as `https://recovery.example.com:8443`
    /// @param hostname only for whoever looks at the list of servers
    /// @throws RefusalException if the server does not let this machine in, or what was given is
    ///   not of the right form
    /// @throws ConnectException if the server cannot be reached
    /// @throws IOException if the server is not the one that the operator named
    StateDirectory.Enrolled enrol(URI server, Admission admission, String hostname)
            throws IOException, InterruptedException {
        var trusted = trusted(admission);
        if (!"https".equals(server.getScheme()) || server.getHost() == null) {
            throw new RefusalException(
                    "bad-server-address",
                    server + ": expected an address such as https://recovery.example.com:8443");
        }
        var asked = CertificateRequest.create(random, hostname);
        var answer = send(server, admission, trusted, request(server, admission, asked, hostname));
        if (answer.statusCode() / 100 != 2) {
            throw refusal(server, answer);
        }
        var body = json(server, answer.body());
        var identity = asked.identity(text(body, "certificate"), text(body, "ca"), trusted);
        if (!identity.name().equals(text(body, "serverId"))) {
            throw new IOException(server + ": the certificate is for another server than its id");
        }
        return new StateDirectory.Enrolled(
                identity, text(body, "replicationAddress"), dataDirectory(body));
    }

    /// Authorities that the server's certificate must be of.
    private static TrustedAuthorities trusted(Admission admission) throws IOException {
        return switch (admission) {
            case Admission.Token(var text) -> {
                try {
                    yield TrustedAuthorities.ofFingerprint(
                            EnrolmentToken.parse(text).fingerprint());
                } catch (IllegalArgumentException e) {
                    throw new RefusalException("malformed-token", String.valueOf(e.getMessage()));
                }
            }
            case Admission.AccessKey key ->
                    TrustedAuthorities.read("the server's authority", key.authority());
        };
    }

    private HttpRequest request(
            URI server, Admission admission, CertificateRequest asked, String hostname) {
        var body =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("csr", asked.pem())
                        .put("hostname", hostname);
        var builder = HttpRequest.newBuilder().timeout(TIMEOUT);
        switch (admission) {
            case Admission.Token(var text) -> {
                body.put("token", text.strip());
                builder.uri(server.resolve("/api/v1/enrol"))
                        .header("Content-Type", "application/json");
            }
            case Admission.AccessKey key -> {
                var target = server.resolve("/CreateSourceServerForDrs");
                builder.uri(target);
                new RequestSigner(key.id(), key.secret(), key.sessionToken(), key.region(), SERVICE)
                        .sign(
                                "POST",
                                target.getRawAuthority(),
                                target.getRawPath(),
                                Map.of("content-type", "application/json"),
                                body.toString().getBytes(StandardCharsets.UTF_8),
                                time.now())
                        .forEach(builder::header);
            }
        }
        return builder.POST(HttpRequest.BodyPublishers.ofString(body.toString())).build();
    }

    private HttpResponse<String> send(
            URI server, Admission admission, TrustedAuthorities trusted, HttpRequest request)
            throws IOException, InterruptedException {
        try (var client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(TIMEOUT)
                        .sslContext(TlsContexts.client(trusted, time, random))
                        .build()) {
            return client.send(
                    request, BodyHandlers.limiting(BodyHandlers.ofString(), ANSWER_BYTES_MAX));
        } catch (SSLException e) {
            throw new IOException(
                    server
                            + switch (admission) {
                                case Admission.Token _ -> ": not the server that made the token: ";
                                case Admission.AccessKey _ ->
                                        ": not a server of the authority that --ca names: ";
                            }
                            + e.getMessage(),
                    e);
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
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "no such host";
            }
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
        var message = server + ": " + text(body, "message");
        var type = answer.headers().firstValue("x-amzn-ErrorType"); // of what was signed
        return new RefusalException(type.isPresent() ? type.get() : text(body, "code"), message);
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
