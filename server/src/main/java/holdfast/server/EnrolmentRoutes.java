package holdfast.server;

import holdfast.aws.AgentAdmission;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.control.Controller;
import holdfast.control.Enrolments;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.EnrolmentToken;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// `/tokens` and `/enrol`: how agents get their certificates.
final class EnrolmentRoutes implements HttpService, AgentAdmission {
    /// What a host name is made of (RFC 1123 §2.1), with room for the underscores found in
    /// practice.
    private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9._-]{1,253}");

    private final Controller controller;
    private final CertificateAuthority authority;
    private final RandomSource random;
    private final Optional<String> address;
    private final InetSocketAddress replication;
    private final Path data;

    /// @param address by which agents reach this server, if the operator said so
    /// @param replication where the replicator listens
    /// @param data the data directory, told to agents, since one on this machine must not protect a
    ///   disk that it lies on
    EnrolmentRoutes(
            Controller controller,
            CertificateAuthority authority,
            RandomSource random,
            Optional<String> address,
            InetSocketAddress replication,
            Path data) {
        this.controller = controller;
        this.authority = authority;
        this.random = random;
        this.address = address;
        this.replication = replication;
        this.data = data;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/tokens", this::createToken).post("/enrol", this::enrol);
    }

    private void createToken(ServerRequest request, ServerResponse response) throws IOException {
        var instance =
                RequestBody.readOptional(request, Set.of("instance")).optionalText("instance");
        var token = EnrolmentToken.create(random, authority).text();
        var expiresAt = controller.enrolments().admit(token, instance);
        Api.send(
                response,
                201,
                ApiJson.object().put("token", token).put("expiresAt", ApiJson.time(expiresAt)));
    }

    private void enrol(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("token", "csr", "hostname"));
        var hostname = body.text("hostname");
        if (!HOSTNAME.matcher(hostname).matches()) {
            throw RequestBody.malformed("\"hostname\" is not a host name: " + hostname);
        }
        var csr = body.text("csr");
        var token = body.text("token").strip();
        var host = request.requestedUri().host();
        var instance = controller.enrolments().instance(token);
        var admitted =
                instance.isPresent()
                        ? admitted(
                                instance.get(),
                                controller
                                        .elsewhere()
                                        .enrol(
                                                token,
                                                instance.get(),
                                                hostname,
                                                id -> certify(csr, id)),
                                host)
                        : admitted(
                                controller
                                        .enrolments()
                                        .enrol(token, hostname, id -> certify(csr, id)),
                                host);
        Api.send(
                response,
                201,
                ApiJson.object()
                        .put("serverId", admitted.serverId())
                        .put("certificate", admitted.certificate())
                        .put("ca", admitted.authority())
                        .put("replicationAddress", admitted.replicationAddress())
                        .put("dataDirectory", admitted.dataDirectory()));
    }

    /// For an agent that was let in by an access key.
    @Override
    public Admitted admit(String csr, String hostname, String host) throws IOException {
        return admitted(controller.enrolments().enrol(hostname, id -> certify(csr, id)), host);
    }

    private Admitted admitted(Enrolments.Enrolment<String> enrolment, String host) {
        return admitted(enrolment.server().id(), enrolment.certificate(), host);
    }

    private Admitted admitted(String id, String certificate, String host) {
        return new Admitted(
                id,
                certificate,
                authority.certificatePem(),
                replicationAddress(host),
                data.toString());
    }

    /// Certifies a failback client's key.
    ///
    /// @throws RefusalException if the request is not one that a client makes
    String certifyClient(String csr, String clientId) {
        return certify(csr, clientId);
    }

    String authorityPem() {
        return authority.certificatePem();
    }

    /// Where a failback client fetches data from.
    ///
    /// @param reached the host by which it has just reached the API
    /// @param privately whether by that, even if the server has another address for agents
    String replicationAddress(String reached, boolean privately) {
        if ((privately || address.isEmpty()) && !replication.getAddress().isAnyLocalAddress()) {
            return ServerSettings.text(replication);
        }
        return at(privately ? reached : address.orElse(reached));
    }

    /// A replicator that listens on all addresses is told to the agent by the one at which it has
    /// just reached us.
    private String replicationAddress(String reached) {
        if (address.isEmpty() && !replication.getAddress().isAnyLocalAddress()) {
            return ServerSettings.text(replication);
        }
        return at(address.orElse(reached));
    }

    private String at(String host) {
        return (host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host)
                + ":"
                + replication.getPort();
    }

    private String certify(String csr, String serverId) {
        try {
            return authority.issueToAgent(csr, serverId);
        } catch (IllegalArgumentException e) {
            throw new RefusalException("malformed-csr", String.valueOf(e.getMessage()));
        }
    }
}
