package holdfast.aws.protocol;

import holdfast.control.Accounts;
import holdfast.control.AuditLog;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/// The way in for clients of all AWS services: finds the service by the signature's credential
/// scope, since paths of different services are the same, verifies, and lets the service answer.
///
/// Safe for any thread.
public final class Gateway {
    /// The largest body that is read; the largest request of the services is far smaller.
    public static final int BODY_BYTES_MAX = 1 << 20;

    private static final System.Logger LOG = System.getLogger("holdfast.aws");

    private final List<Endpoint> endpoints;
    private final SignatureVerifier verifier;
    private final Repetitions signatures;
    private final AuditTrail trail;
    private final Accounts accounts;

    /// Remembers which signatures were used.
    @FunctionalInterface
    public interface Repetitions {
        /// @param until when the signature expires of itself
        /// @return false if it was used before
        boolean use(String signature, Instant until) throws IOException;
    }

    public Gateway(
            List<Endpoint> endpoints,
            SignatureVerifier verifier,
            Repetitions signatures,
            AuditLog audit,
            Accounts accounts) {
        this.signatures = signatures;
        this.trail = new AuditTrail(audit);
        this.endpoints = List.copyOf(endpoints);
        this.verifier = verifier;
        this.accounts = accounts;
    }

    /// Whether the request is one of ours; its body need not have been read.
    public boolean claims(AwsRequest request) {
        if (request.header("authorization").isPresent()) {
            return request.signed();
        }
        return request.signed()
                || endpoint(e -> e.claims(request.method(), request.rawPath())).isPresent();
    }

    /// Answers; whatever happens, in the form that the service's clients read.
    ///
    /// @param peer for the audit log
    /// @param whole whether the body is: false if it exceeds [#BODY_BYTES_MAX]
    public AwsResponse handle(AwsRequest request, String peer, BooleanSupplier whole) {
        var unsigned = endpoint(e -> e.claims(request.method(), request.rawPath()));
        return handle(
                new Visit(request, peer, unsigned.orElse(endpoints.getFirst())),
                whole,
                service -> endpoint(e -> e.signingName().equals(service)));
    }

    /// The same for a request that one endpoint alone may answer, if it is signed for it.
    public AwsResponse handle(
            AwsRequest request, String peer, BooleanSupplier whole, Endpoint endpoint) {
        return handle(
                new Visit(request, peer, endpoint),
                whole,
                service -> Optional.of(endpoint).filter(e -> e.signingName().equals(service)));
    }

    private AwsResponse handle(Visit visit, BooleanSupplier whole, Services services) {
        AwsResponse response;
        try {
            response = answered(visit, whole, services);
        } catch (ServiceException e) {
            response = visit.failed(e);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "request={0} failed: {1}",
                    visit.id,
                    e.getMessage());
            response = visit.failed(visit.endpoint.internal(String.valueOf(e.getMessage())));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "request=" + visit.id + " broke an invariant", e);
            response =
                    visit.failed(
                            visit.endpoint.internal(
                                    "a fault of Holdfast's own: see the server's log for request "
                                            + visit.id));
        }
        trail.close(visit, response.status());
        return response;
    }

    /// Which endpoint a service's name stands for.
    @FunctionalInterface
    private interface Services {
        Optional<Endpoint> named(String service);
    }

    private AwsResponse answered(Visit visit, BooleanSupplier whole, Services services)
            throws IOException {
        var request = visit.request;
        var parts = SignatureParts.of(request);
        visit.claimedKey = parts.accessKey();
        var scoped = services.named(parts.service());
        visit.endpoint = scoped.orElse(visit.endpoint);
        if (!whole.getAsBoolean()) {
            throw new ProtocolException(
                    "RequestEntityTooLargeException",
                    413,
                    "the body exceeds " + BODY_BYTES_MAX + " bytes");
        }
        if (scoped.isEmpty()) {
            throw new ProtocolException(
                    "InvalidSignatureException",
                    403,
                    "the credential is scoped to a service that is not here: " + parts.service());
        }
        var caller = verifier.verify(request, parts);
        visit.caller = caller;
        var call = visit.endpoint.call(request, caller);
        visit.call = call.orElse(null);
        // the service refuses what the role does not allow, in its own words
        if (call.isPresent() && call.get().changes() && caller.permits(call.get().action())) {
            refuseRepetition(parts);
            trail.begin(visit);
        }
        var context =
                new RequestContext(
                        visit.id,
                        parts.region(),
                        caller.account(),
                        request.header("host").orElse(""));
        return accounts.as(caller.account(), () -> visit.endpoint.handle(request, context, caller));
    }

    /// A call that changes something is let in once for each signature: whoever got hold of a
    /// signed request cannot have it done again. Clients sign anew for each try, but some sign two
    /// equal calls within one second alike; so they are told as of throttling, after which they
    /// wait and sign again.
    private void refuseRepetition(SignatureParts parts) throws IOException {
        if (!signatures.use(parts.signature(), SignatureVerifier.end(parts))) {
            throw new ProtocolException(
                    "ThrottlingException",
                    429,
                    "a request with this very signature was let in before: sign again, a second later");
        }
    }

    private Optional<Endpoint> endpoint(Predicate<Endpoint> wanted) {
        return endpoints.stream().filter(wanted).findFirst();
    }
}
