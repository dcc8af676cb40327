package holdfast.server;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.AwsResponse;
import holdfast.aws.protocol.Call;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.ProtocolException;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.ServiceException;
import holdfast.base.RefusalException;
import holdfast.control.Controller;
import holdfast.control.FailbackState;
import holdfast.control.FailbackView;
import holdfast.control.InstanceState;
import holdfast.control.RecoveryInstance;
import holdfast.control.ServerView;
import holdfast.control.Signer;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a failback client asks of the API (docs/api.md, "For failback clients"): it brings an
/// access key as AWS clients do, and is told apart from them by the service that it signs for. Safe
/// for any thread.
final class FailbackEndpoint implements Endpoint {
    private static final String ROOT = Api.FAILBACK;
    private static final String ACTION = "holdfast:Failback";
    private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9._-]{1,253}");

    private final Controller controller;
    private final EnrolmentRoutes enrolment;
    private final VolumeStore store;

    FailbackEndpoint(Controller controller, EnrolmentRoutes enrolment, VolumeStore store) {
        this.controller = controller;
        this.enrolment = enrolment;
        this.store = store;
    }

    @Override
    public String signingName() {
        return ApiActions.SERVICE;
    }

    @Override
    public boolean claims(String method, String rawPath) {
        return rawPath.startsWith(ROOT + "/");
    }

    @Override
    public Optional<Call> call(AwsRequest request, Signer caller) {
        return Optional.of(new Call(ACTION, !request.method().equals("GET")));
    }

    @Override
    public AwsResponse handle(AwsRequest request, RequestContext context, Signer caller)
            throws IOException {
        if (!caller.permits(ACTION)) {
            throw new ProtocolException(
                    "access-denied",
                    403,
                    "the role of "
                            + caller.accessKey()
                            + " does not allow failback: use a key of a user with the role failback-installation, operator or admin");
        }
        try {
            return switch (request.method() + " " + request.rawPath()) {
                case "GET " + ROOT + "/instances" -> answer(200, instances());
                case "POST " + ROOT + "/clients" -> answer(201, pair(request));
                case String call when call.startsWith("DELETE " + ROOT + "/clients/") -> {
                    controller.failbacks().leave(call.substring(call.lastIndexOf('/') + 1));
                    yield answer(200, ApiJson.object());
                }
                case String other ->
                        throw new ProtocolException("unknown-call", 404, "no call " + other);
            };
        } catch (RefusalException e) {
            var unknown = e.code().startsWith("unknown-");
            var malformed = e.code().startsWith("malformed-");
            throw new ProtocolException(
                    e.code(),
                    unknown ? 404 : malformed ? 400 : 409,
                    String.valueOf(e.getMessage()));
        }
    }

    private ObjectNode instances() throws IOException {
        var failbacks = controller.failbacks().all();
        var servers = controller.servers().list();
        var json = ApiJson.object();
        var array = json.putArray("instances");
        for (var instance : controller.instances().list()) {
            if (instance.state() == InstanceState.TERMINATED) {
                continue;
            }
            var server =
                    servers.stream()
                            .filter(view -> view.server().id().equals(instance.server()))
                            .findFirst();
            array.add(instance(instance, server, failbacks.get(instance.id())));
        }
        return json;
    }

    private ObjectNode instance(
            RecoveryInstance instance, Optional<ServerView> view, @Nullable FailbackView failback) {
        var json =
                ApiJson.object()
                        .put("id", instance.id())
                        .put("server", instance.server())
                        .put("drill", instance.drill())
                        .put("state", instance.state().name())
                        .put("createdAt", ApiJson.time(instance.createdAt()));
        json.put(
                "failback",
                (failback == null ? FailbackState.NOT_STARTED : failback.failback().state())
                        .name());
        if (failback != null) {
            failback.failback()
                    .lastPoint()
                    .ifPresent(last -> json.put("lastPoint", last.sequence()));
        }
        var disks = json.putArray("disks");
        for (var branch : store.volumes()) {
            if (!branch.owner().equals(instance.id())) {
                continue;
            }
            var disk =
                    disks.addObject()
                            .put("name", branch.name())
                            .put("sizeBytes", branch.sizeBytes());
            view.flatMap(known ->
                            known.server().disks().stream()
                                    .filter(one -> one.name().equals(branch.name()))
                                    .findFirst())
                    .ifPresent(source ->
                            disk.put("model", source.model()).put("serial", source.serial()));
        }
        view.ifPresent(known -> {
            json.put("hostname", known.server().hostname());
            known.server()
                    .machine()
                    .ifPresent(machine -> {
                        json.put("uefi", machine.uefi());
                        var interfaces = json.putArray("networkInterfaces");
                        machine.networkInterfaces().forEach(interfaces::add);
                    });
        });
        return json;
    }

    private ObjectNode pair(AwsRequest request) throws IOException {
        var body = body(request);
        var hostname = text(body, "hostname");
        if (!HOSTNAME.matcher(hostname).matches()) {
            throw new RefusalException(
                    "malformed-request", "\"hostname\" is not a host name: " + hostname);
        }
        var instance = text(body, "instance");
        var csr = text(body, "csr");
        var original = body.path("original").asBoolean(false);
        var pairing =
                controller
                        .failbacks()
                        .pair(instance, hostname, original, id -> enrolment.certifyClient(csr, id));
        var privately = controller.failbacks().get(instance).failback().settings().privateAddress();
        return ApiJson.object()
                .put("clientId", pairing.clientId())
                .put("certificate", pairing.certificate())
                .put("ca", enrolment.authorityPem())
                .put("replicationAddress", enrolment.replicationAddress(host(request), privately));
    }

    /// The host by which the client reached us, without the port.
    private static String host(AwsRequest request) {
        var host = request.header("host").orElse("localhost");
        var colon = host.lastIndexOf(':');
        return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    }

    private static JsonNode body(AwsRequest request) {
        try {
            return JsonMapper.shared().readTree(request.body());
        } catch (JacksonException e) {
            throw new RefusalException(
                    "malformed-request", "the body is not JSON: " + e.getOriginalMessage());
        }
    }

    private static String text(JsonNode body, String member) {
        var value = body.path(member);
        if (!value.isString()) {
            throw new RefusalException("malformed-request", "\"" + member + "\" is missing");
        }
        return value.stringValue();
    }

    @Override
    public AwsResponse error(String requestId, ServiceException error) {
        return told(error);
    }

    /// An error as all calls of the API tell it.
    static AwsResponse told(ServiceException error) {
        var json =
                ApiJson.object()
                        .put("code", error.type())
                        .put("message", String.valueOf(error.getMessage()));
        return answer(error.status(), json);
    }

    @Override
    public ServiceException internal(String message) {
        return new ProtocolException("internal", 500, message);
    }

    private static AwsResponse answer(int status, ObjectNode json) {
        return new AwsResponse(
                status,
                Map.of("Content-Type", "application/json"),
                json.toString().getBytes(StandardCharsets.UTF_8));
    }
}
