package holdfast.demo;

import holdfast.base.SignatureV4;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// Calls operations of AWS Elastic Disaster Recovery as its clients do, signed and over TLS: those
/// that are a POST to their own name. Safe for any thread.
public final class AwsApi implements AutoCloseable {
    private static final String REGION = "eu-central-1";
    private static final String SIGNED = "host;x-amz-date";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private final TimeSource time;
    private final URI server;
    private final HttpClient http;

    /// @param url of the server
    /// @param data its folder, for its authority
    public AwsApi(TimeSource time, String url, Path data) throws IOException {
        this.time = time;
        this.server = URI.create(url);
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1) // as AWS's clients
                        .sslContext(Api.trusting(data.resolve("ca.pem")))
                        .build();
    }

    /// An access key.
    public record Key(String id, String secret) {
        /// The one that the server made when it first started.
        ///
        /// @param data the server's folder
        public static Key first(Path data) throws IOException {
            var lines = Files.readAllLines(data.resolve("aws-credentials"));
            return new Key(value(lines.get(1)), value(lines.get(2)));
        }

        private static String value(String line) {
            return line.substring(line.indexOf('=') + 1).strip();
        }
    }

    /// @return whatever was answered
    public HttpResponse<String> call(Key key, String operation, String body)
            throws IOException, InterruptedException {
        return send(signed(key, operation, body));
    }

    /// A request that can be sent, more than once if need be.
    public HttpRequest signed(Key key, String operation, String body) {
        var at = TIME.format(time.now());
        var arithmetic = new SignatureV4(at.substring(0, 8), REGION, "drs");
        var canonical =
                String.join(
                        "\n",
                        "POST",
                        "/" + operation,
                        "",
                        "host:" + server.getAuthority() + "\nx-amz-date:" + at + "\n",
                        SIGNED,
                        SignatureV4.sha256(body.getBytes(StandardCharsets.UTF_8)));
        var authorization =
                String.format(
                        Locale.ROOT,
                        "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        SignatureV4.ALGORITHM,
                        key.id(),
                        arithmetic.scope(),
                        SIGNED,
                        arithmetic.of(key.secret(), at, canonical));
        return HttpRequest.newBuilder(server.resolve("/" + operation))
                .header("x-amz-date", at)
                .header("content-type", "application/json")
                .header("authorization", authorization)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    public HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
