package holdfast.aws.protocol;

import holdfast.control.Signer;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/// One service on the port.
public interface Endpoint {
    /// By which the credential scope names it.
    String signingName();

    /// Whether an unsigned call is meant for it, so that its clients are told in their own form.
    boolean claims(String method, String rawPath);

    /// @param caller whose signature was verified
    AwsResponse handle(AwsRequest request, RequestContext context, Signer caller)
            throws IOException;

    /// What the request asks for; empty if for nothing that there is.
    Optional<Call> call(AwsRequest request, Signer caller);

    /// What more the audit log is told of a call that was answered; only of endpoints that answer
    /// one.
    default Map<String, String> told() {
        return Map.of();
    }

    AwsResponse error(String requestId, ServiceException error);

    /// What a fault of ours is called there.
    ServiceException internal(String message);
}
