package holdfast.aws.protocol;

import holdfast.control.Signer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One request on its way through the [Gateway], and what is known of it so far. One thread's.
final class Visit {
    final String id = UUID.randomUUID().toString();
    final AwsRequest request;
    final String peer;

    /// In whose form errors are told.
    Endpoint endpoint;

    /// What the caller says of itself, before that is proven.
    @Nullable String claimedKey;

    @Nullable Signer caller;
    @Nullable Call call;

    /// Of the answer, if it is an error.
    @Nullable String errorType;

    /// Whether the audit log has its beginning.
    boolean begun;

    Visit(AwsRequest request, String peer, Endpoint endpoint) {
        this.request = request;
        this.peer = peer;
        this.endpoint = endpoint;
    }

    AwsResponse failed(ServiceException error) {
        errorType = error.type();
        return endpoint.error(id, error);
    }

    /// As roles name it; of what was not understood, as it was asked.
    String action() {
        var known = call;
        return known == null
                ? endpoint.signingName() + ":" + request.method() + " " + request.rawPath()
                : known.action();
    }
}
