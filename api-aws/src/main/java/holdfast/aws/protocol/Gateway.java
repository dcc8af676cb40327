package holdfast.aws.protocol;

import holdfast.base.TimeSource;
import holdfast.control.Accounts;
import holdfast.control.AuditLog;
import holdfast.control.UsedSignatures;
import java.io.IOException;
import java.time.Duration;
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

    /// Of which signatures tell the time.
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final List<Endpoint> endpoints;
    private final SignatureVerifier verifier;
    private final UsedSignatures signatures;
    private final AuditTrail trail;
    private final Accounts accounts;
    private final TimeSource time;

    public Gateway(
            List<Endpoint> endpoints,
            SignatureVerifier verifier,
            UsedSignatures signatures,
            AuditLog audit,
            Accounts accounts,
            TimeSource time) {
        this.signatures = signatures;
        this.trail = new AuditTrail(audit);
        this.endpoints = List.copyOf(endpoints);
        this.verifier = verifier;
        this.accounts = accounts;
        this.time = time;
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
        var context =
                new RequestContext(
                        visit.id,
                        parts.region(),
                        caller.account(),
                        request.header("host").orElse(""));
        UsedSignatures.Work<AwsResponse> answer =
                () ->
                        accounts.as(
                                caller.account(),
                                () -> visit.endpoint.handle(request, context, caller));
        // the service refuses what the role does not allow, in its own words
        return call.isPresent() && call.get().changes() && caller.permits(call.get().action())
                ? changed(visit, call.get(), parts, answer)
                : answer.run();
    }

    /// A call that changes something is let in once for each signature, or again where that changes
    /// nothing: whoever got hold of a signed request cannot have it done again. Clients sign anew
    /// for each try, but two equal calls within one second alike; so they are told as of
    /// throttling, after which they sign again.
    private AwsResponse changed(
            Visit visit, Call call, SignatureParts parts, UsedSignatures.Work<AwsResponse> answer)
            throws IOException {
        UsedSignatures.Work<AwsResponse> audited =
                () -> {
                    trail.begin(visit);
                    return answer.run();
                };
        if (signatures.use(parts.signature(), SignatureVerifier.end(parts))) {
            return audited.run();
        }
        if (call.repeatable()) {
            var repeated = signatures.again(parts.signature(), audited);
            if (repeated.isPresent()) {
                return repeated.get();
            }
        }
        awaitNextSecond(parts);
        throw new ProtocolException(
                "ThrottlingException",
                429,
                "a request with this very signature was let in before: sign again, a second later");
    }

    /// Many clients try again at once, and few times: then they sign at another second.
    private void awaitNextSecond(SignatureParts parts) {
        var left = Duration.between(time.now(), parts.instant().plus(SECOND));
        try {
            if (left.isPositive()) {
                time.sleep(left.compareTo(SECOND) < 0 ? left : SECOND);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // the server closes: the answer is the same
        }
    }

    private Optional<Endpoint> endpoint(Predicate<Endpoint> wanted) {
        return endpoints.stream().filter(wanted).findFirst();
    }
}
