package holdfast.server;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.TrustedAuthorities;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.NewPoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A whole server on loopback and ports of its own, and a client that trusts its authority.
final class RunningServer implements AutoCloseable {
    static final long DISK_BYTES = 4 << 20;

    private static final MachineFacts MACHINE =
            new MachineFacts(
                    "web1", "Debian", "6.1", "amd64", "cpu", 1, 1 << 28, false, "b", "0.1", "scan",
                    List.of());

    private final Path data;
    private final Map<String, String> more;
    private HoldfastServer server;
    private HttpClient http;

    RunningServer(Path data) throws IOException {
        this(data, Map.of());
    }

    /// @param more settings besides the addresses
    RunningServer(Path data, Map<String, String> more) throws IOException {
        this.data = data;
        this.more = more;
        server = open();
        http = client();
    }

    private HoldfastServer open() throws IOException {
        return HoldfastServer.open(settings(data, more));
    }

    static ServerSettings settings(Path data) throws IOException {
        return settings(data, Map.of());
    }

    private static ServerSettings settings(Path data, Map<String, String> more) throws IOException {
        var given = new HashMap<>(more);
        given.put("listen", "127.0.0.1:0");
        given.put("replication-listen", "127.0.0.1:0");
        return ServerSettings.read(data, given);
    }

    private HttpClient client() throws IOException {
        var random = RandomSource.system();
        var authority =
                CertificateAuthority.open(
                        Filesystem.local(),
                        data,
                        CertificateAuthority.Validity.DEFAULT,
                        TimeSource.system(),
                        random);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(
                        TlsContexts.client(
                                TrustedAuthorities.of(authority.certificate()),
                                TimeSource.system(),
                                random))
                .build();
    }

    HoldfastServer server() {
        return server;
    }

    String key() throws IOException {
        return Files.readString(data.resolve("admin.key")).strip();
    }

    void restart() throws IOException {
        http.close();
        server.close();
        server = open();
        http = client();
    }

    HttpResponse<String> send(String method, String path, String body, String key)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(URI.create("https://" + server.apiAddress() + path))
                        .header("Authorization", "Bearer " + key)
                        .method(
                                method,
                                body.isEmpty()
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(body))
                        .build();
        return http.send(request, BodyHandlers.ofString());
    }

    HttpResponse<String> send(SignedCall call) throws IOException, InterruptedException {
        return send(call.to(server.apiAddress()));
    }

    HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, BodyHandlers.ofString());
    }

    HttpResponse<String> send(String method, String path, String body)
            throws IOException, InterruptedException {
        return send(method, "/api/v1" + path, body, key());
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return json(send("GET", path, ""));
    }

    /// Waits for the end of a job.
    JsonNode await(JsonNode started) throws IOException, InterruptedException {
        var id = started.required("id").asString();
        var end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (System.nanoTime() < end) {
            var job = get("/jobs/" + id);
            if (job.has("endedAt")) {
                return job;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("job " + id + " did not end: " + get("/jobs/" + id));
    }

    static JsonNode json(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body());
    }

    /// Enrols a server over HTTPS, as an agent does.
    String enrol() throws IOException, InterruptedException {
        var token = json(send("POST", "/tokens", "{}")).required("token").asString();
        var answer = json(send("POST", "/api/v1/enrol", enrolment(token), ""));
        return answer.required("serverId").asString();
    }

    static String enrolment(String token) {
        var csr = CertificateRequest.create(RandomSource.system(), "web1").pem();
        return ApiJson.object()
                .put("token", token)
                .put("csr", csr)
                .put("hostname", "web1")
                .toString();
    }

    /// A session of the agent's that sends one block and makes a point of it.
    ConsistencyPoint replicate(String id, Instant instant) throws Exception {
        var disks = List.of(new DiskFacts("/dev/vda", DISK_BYTES, "model", "serial"));
        var volume = server.controller().servers().begin(id, MACHINE, disks).volumes().getFirst();
        var data = new byte[4096];
        data[0] = 1;
        var extent = new ExtentPacker().pack(0, data, 0, 1, Compression.NONE);
        server.store().append(volume.id(), List.of(extent)).get();
        return server.store().appendPoint(new NewPoint(id, instant, 5, 1, false)).get();
    }

    @Override
    public void close() throws IOException {
        http.close();
        server.close();
    }
}
