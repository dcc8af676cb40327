package holdfast.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/// A server that speaks HTTPS and answers what it was told to, with its data folder for clients.
/// Closing stops it.
final class FakeApi implements AutoCloseable {
    static final String KEY = "0123456789abcdef";

    private static final int HANG_UP = -1;
    private final HttpsServer server;
    private final Path data;
    private final Map<String, Deque<Reply>> replies = new HashMap<>();
    private final List<String> requests = new ArrayList<>();

    private record Reply(int status, byte[] body) {}

    /// @param data an empty folder for `ca.pem` and `admin.key`
    FakeApi(Path data) throws IOException {
        this.data = data;
        this.server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        var identity = Identity.shared();
        server.setHttpsConfigurator(new HttpsConfigurator(identity.context()));
        server.createContext("/", this::answer);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        Files.writeString(data.resolve("ca.pem"), identity.certificate());
        Files.writeString(data.resolve("admin.key"), KEY + "\n");
    }

    String url() {
        return "https://127.0.0.1:" + server.getAddress().getPort();
    }

    Path data() {
        return data;
    }

    /// Answers `request`, such as `GET /servers`; of several answers each is given once and the
    /// last one from then on.
    FakeApi on(String request, int status, String body) {
        return on(request, status, body.getBytes(StandardCharsets.UTF_8));
    }

    FakeApi on(String request, int status, byte[] body) {
        synchronized (replies) {
            replies.computeIfAbsent(request, _ -> new ArrayDeque<>()).add(new Reply(status, body));
        }
        return this;
    }

    /// Forgets what was said about `request` before.
    FakeApi instead(String request, int status, String body) {
        synchronized (replies) {
            replies.remove(request);
        }
        return on(request, status, body);
    }

    /// Breaks the connection instead of answering, as a server that is being restarted does.
    FakeApi hangUpOn(String request) {
        return on(request, HANG_UP, "");
    }

    /// What was asked so far: `POST /recoveries {"drill":true,...}`.
    List<String> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            var uri = exchange.getRequestURI().toString().replaceFirst("^/api/v1", "");
            var request = exchange.getRequestMethod() + " " + uri;
            synchronized (requests) {
                requests.add((request + " " + body).strip());
            }
            var reply = reply(request, exchange.getRequestHeaders().getFirst("Authorization"));
            if (reply.status() == HANG_UP) {
                return;
            }
            exchange.sendResponseHeaders(
                    reply.status(), reply.body().length == 0 ? -1 : reply.body().length);
            exchange.getResponseBody().write(reply.body());
        }
    }

    private Reply reply(String request, String authorization) {
        if (!("Bearer " + KEY).equals(authorization)) {
            return error(401, "bad-key", "the key is wrong");
        }
        synchronized (replies) {
            var known = replies.get(request);
            if (known == null) {
                return error(404, "no-such-call", "no call " + request);
            }
            return known.size() > 1 ? known.poll() : known.element();
        }
    }

    private static Reply error(int status, String code, String message) {
        var body = ApiClient.JSON.createObjectNode().put("code", code).put("message", message);
        return new Reply(status, body.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
