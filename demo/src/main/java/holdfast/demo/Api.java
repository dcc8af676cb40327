package holdfast.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.NullNode;

/// Asks the server's API without a process for each question, which would be a load of its own.
/// Safe for any thread; the opener closes it.
public final class Api implements AutoCloseable {
    private static final Duration ANSWER_MAX = Duration.ofSeconds(30);

    private final HttpClient http;
    private final String base;
    private final String key;

    /// @param data the server's folder, for its authority and its key
    public Api(String url, Path data) throws IOException {
        this.http = HttpClient.newBuilder().sslContext(trusting(data.resolve("ca.pem"))).build();
        this.base = url + "/api/v1";
        this.key = Files.readString(data.resolve("admin.key")).strip();
    }

    /// @param path below `/api/v1`, with its query
    public JsonNode get(String path) throws IOException, InterruptedException {
        return answer(path, request(path).GET());
    }

    public JsonNode post(String path, JsonNode body) throws IOException, InterruptedException {
        return answer(path, request(path).POST(BodyPublishers.ofString(body.toString())));
    }

    public JsonNode put(String path, JsonNode body) throws IOException, InterruptedException {
        return answer(path, request(path).PUT(BodyPublishers.ofString(body.toString())));
    }

    public void delete(String path) throws IOException, InterruptedException {
        answer(path, request(path).DELETE());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path))
                .timeout(ANSWER_MAX)
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json");
    }

    private JsonNode answer(String path, HttpRequest.Builder request)
            throws IOException, InterruptedException {
        var response = http.send(request.build(), BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new IOException(path + ": " + response.statusCode() + " " + response.body());
        }
        return response.body().isEmpty()
                ? NullNode.getInstance()
                : JsonMapper.shared().readTree(response.body());
    }

    static SSLContext trusting(Path authority) throws IOException {
        try (var file = Files.newInputStream(authority)) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            var certificate = CertificateFactory.getInstance("X.509").generateCertificate(file);
            store.setCertificateEntry("authority", certificate);
            var trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(store);
            var context = SSLContext.getInstance("TLSv1.3");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException(authority + ": not to be used for TLS", e);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
