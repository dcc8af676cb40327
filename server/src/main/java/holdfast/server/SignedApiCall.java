package holdfast.server;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.AwsResponse;
import holdfast.aws.protocol.Call;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.ProtocolException;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.ServiceException;
import holdfast.control.Accounts;
import holdfast.control.Signer;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One call of the API that is signed with an access key: let in if the role of the key's user
/// allows its action ([ApiActions]), and then done as the user's account. One request's.
final class SignedApiCall implements Endpoint {
    private final Accounts accounts;
    private final IntSupplier goOn;
    private final Supplier<Map<String, String>> told;
    private boolean answered;
    private @Nullable RuntimeException failure;

    /// @param goOn has the call answered by the API, and returns the status
    /// @param told what of its body the audit log may have, once it is answered
    SignedApiCall(Accounts accounts, IntSupplier goOn, Supplier<Map<String, String>> told) {
        this.accounts = accounts;
        this.goOn = goOn;
        this.told = told;
    }

    @Override
    public Map<String, String> told() {
        return told.get();
    }

    /// Whether it was let in, and so the API has answered.
    ///
    /// @throws RuntimeException that kept it from that
    boolean answered() {
        if (failure != null) {
            throw failure;
        }
        return answered;
    }

    @Override
    public String signingName() {
        return ApiActions.SERVICE;
    }

    @Override
    public boolean claims(String method, String rawPath) {
        return true;
    }

    @Override
    public Optional<Call> call(AwsRequest request, Signer caller) {
        return ApiActions.of(request.method(), request.rawPath()).map(ApiActions.Action::call);
    }

    @Override
    public AwsResponse handle(AwsRequest request, RequestContext context, Signer caller)
            throws IOException {
        var action =
                ApiActions.of(request.method(), request.rawPath())
                        .orElseThrow(() ->
                                new ProtocolException(
                                        "unknown-call",
                                        404,
                                        "no call "
                                                + request.method()
                                                + " "
                                                + request.rawPath()
                                                + " that access keys let in: docs/api.md lists those there are"));
        if (!caller.permits(action.call().action())) {
            throw denied(
                    "the role "
                            + caller.role().name()
                            + " of "
                            + caller.user()
                            + " does not allow "
                            + action.call().action());
        }
        if (action.ofInstallation() && !accounts.get().home()) {
            throw denied(
                    action.call().action()
                            + " concerns the whole installation, and "
                            + caller.user()
                            + " is of the account "
                            + caller.account());
        }
        answered = true;
        try {
            return new AwsResponse(goOn.getAsInt(), Map.of(), new byte[0]);
        } catch (
                RuntimeException e) { // such as of a caller that hung up: the web server's business
            failure = e;
            return new AwsResponse(500, Map.of(), new byte[0]);
        }
    }

    private static ProtocolException denied(String message) {
        return new ProtocolException("access-denied", 403, message);
    }

    @Override
    public AwsResponse error(String requestId, ServiceException error) {
        return FailbackEndpoint.told(error);
    }

    @Override
    public ServiceException internal(String message) {
        return new ProtocolException("internal", 500, message);
    }
}
