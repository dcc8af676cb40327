package holdfast.server;

import holdfast.aws.protocol.Gateway;
import holdfast.base.Network;
import holdfast.control.Controller;
import holdfast.volume.VolumeStore;
import io.helidon.common.tls.Tls;
import io.helidon.common.tls.TlsClientAuth;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.node.ObjectNode;

/// The HTTP API of docs/api.md, over TLS 1.3. Holds no rules of its own: each call is a command of
/// the [Controller].
///
/// Owns the web server and its threads. Safe for any thread; started by its constructor, closed
/// once.
final class Api implements AutoCloseable {
    private static final String ROOT = "/api/v1";

    /// What failback clients call, which [FailbackEndpoint] answers.
    static final String FAILBACK = ROOT + "/failback";

    /// What needs no key: enrolment brings a token, and whether the server lives is no secret.
    static final Set<String> OPEN = Set.of(ROOT + "/enrol", "/healthz");

    /// Far more than clients need, far fewer than memory and file descriptors allow for.
    private static final int CONNECTIONS_MAX = 10_000;

    /// A connection without a request under way is closed after that, and one whose request or
    /// answer does not get on at all.
    private static final Duration IDLE_MAX = Duration.ofMinutes(2);

    private static final Duration SILENCE_MAX = Duration.ofMinutes(1);

    private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);

    private final byte[] authorization;
    private final ApiAudit audit;
    private final WebServer server;

    /// @param key that callers must bring who sign with no access key
    /// @param aws lets in what is signed with an access key, and answers what AWS clients send
    /// @param audit told of every call that changes something, and of those not let in
    /// @param status the answer to `GET /status`, given the bound port
    /// @throws IOException if the address is taken or not ours
    Api(
            Network network,
            ListenAddress address,
            SSLContext tls,
            String key,
            Controller controller,
            VolumeStore store,
            Gateway aws,
            ApiAudit audit,
            IntFunction<ObjectNode> status,
            EnrolmentRoutes enrolment,
            ExportRoutes exports)
            throws IOException {
        // The web server tells of an address that it cannot have by a stack trace in the log.
        address.requireFree(network);
        authorization = ("Bearer " + key).getBytes(StandardCharsets.UTF_8);
        var routing = HttpRouting.builder();
        ApiErrors.addTo(routing);
        // first, since the gateway audits and authorizes what is meant for it
        this.audit = audit;
        var networks = new NetworkRoutes(controller);
        routing.addFilter(new AwsFilter(aws, controller.accounts()))
                .addFilter(this::authorize)
                .addFilter(audit)
                .get("/healthz", (_, response) -> response.send("ok\n"))
                .get(
                        "/metrics",
                        (_, response) ->
                                response.header(HeaderNames.CONTENT_TYPE, Metrics.CONTENT_TYPE)
                                        .send(Metrics.of(controller, store.areas())))
                .get(ROOT + "/status", (_, response) -> send(response, 200, status.apply(port())))
                .register(ROOT + "/servers", new SourceServerRoutes(controller))
                .register(ROOT + "/instances", new InstanceRoutes(controller, exports))
                .register(ROOT + "/exports", exports)
                .register(ROOT + "/accounts", new AccountRoutes(controller))
                .register(ROOT + "/users", new UserRoutes(controller))
                .register(ROOT + "/roles", new RoleRoutes(controller))
                .register(ROOT + "/keys", new KeyRoutes(controller))
                .register(ROOT + "/audit", audit)
                .register(ROOT, new EncryptionKeyRoutes(controller))
                .register(ROOT, new JobRoutes(controller))
                .register(ROOT, new PlanRoutes(controller))
                .register(ROOT, networks)
                .get(NetworkRoutes.TEMPLATES + "{id}", networks::template)
                .register(ROOT, enrolment)
                .any((request, _) -> {
                    throw new ApiException(
                            404,
                            "unknown-call",
                            String.format(
                                    Locale.ROOT,
                                    "no call %s %s: docs/api.md lists those there are",
                                    request.prologue().method(),
                                    request.path().path()));
                });
        server =
                WebServer.builder()
                        .address(address.address().getAddress())
                        .port(address.address().getPort())
                        .tls(
                                Tls.builder()
                                        .sslContext(tls)
                                        .addEnabledProtocol("TLSv1.3")
                                        .clientAuth(TlsClientAuth.NONE)
                                        .build())
                        .maxTcpConnections(CONNECTIONS_MAX)
                        .idleConnectionTimeout(IDLE_MAX)
                        .connectionOptions(options -> options.readTimeout(SILENCE_MAX))
                        .shutdownHook(false)
                        .shutdownGracePeriod(CLOSE_GRACE)
                        .routing(routing)
                        .build();
        server.start();
        if (!server.isRunning()) {
            server.stop();
            throw new IOException(
                    "the API did not start on "
                            + ServerSettings.text(address.address())
                            + ": see the log");
        }
    }

    /// The bound port: the real one when zero was asked for.
    int port() {
        return server.port();
    }

    private static boolean isOpen(String path) {
        return OPEN.contains(path) || path.startsWith(NetworkRoutes.TEMPLATES);
    }

    private void authorize(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        if (!isOpen(request.path().rawPath()) && !AwsFilter.letIn(request)) {
            var brought = request.headers().first(HeaderNames.AUTHORIZATION).orElse("");
            // Takes the same time wherever they differ.
            if (!MessageDigest.isEqual(brought.getBytes(StandardCharsets.UTF_8), authorization)) {
                audit.refused(request, 401, "unauthorized");
                throw new ApiException(
                        401,
                        "unauthorized",
                        "this call needs the header \"Authorization: Bearer <key>\"; the first key is in admin.key of the server's data directory",
                        Map.of("WWW-Authenticate", "Bearer"));
            }
        }
        chain.proceed();
    }

    /// Whether it is a call of this API that access keys may let in.
    static boolean isOurs(String rawPath) {
        return rawPath.equals("/metrics")
                || (rawPath.startsWith(ROOT + "/") && !rawPath.startsWith(FAILBACK + "/"));
    }

    static void send(ServerResponse response, int status, ObjectNode json) {
        response.status(status)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .send(json.toString());
    }

    static String id(ServerRequest request) {
        return request.path().pathParameters().get("id");
    }

    static Optional<String> parameter(ServerRequest request, String name) {
        return request.query().first(name).asOptional();
    }

    /// The parameter `limit`, or the most there may be.
    static int limit(ServerRequest request, int most) {
        var text = parameter(request, "limit");
        if (text.isEmpty()) {
            return most;
        }
        try {
            var limit = Integer.parseInt(text.get());
            if (limit >= 1 && limit <= most) {
                return limit;
            }
        } catch (NumberFormatException _) {
            // told below
        }
        throw RequestBody.malformed(
                String.format(
                        Locale.ROOT, "limit is not a number from 1 to %d: %s", most, text.get()));
    }

    /// Accepts no more calls and waits a little for those under way.
    @Override
    public void close() {
        server.stop();
    }
}
