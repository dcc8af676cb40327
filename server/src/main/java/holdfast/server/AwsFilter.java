package holdfast.server;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.AwsResponse;
import holdfast.aws.protocol.Gateway;
import holdfast.control.Accounts;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;

/// Hands requests of AWS clients, which are known by their signature, to the gateway, and has it
/// let in those that are signed for our own API; all others go on. Safe for any thread.
final class AwsFilter implements Filter {
    private final Gateway gateway;
    private final Accounts accounts;

    AwsFilter(Gateway gateway, Accounts accounts) {
        this.gateway = gateway;
        this.accounts = accounts;
    }

    /// Of a request that the gateway let in: its body, which had to be read for that.
    record LetIn(byte[] body) {}

    static boolean letIn(RoutingRequest request) {
        return request.context().get(LetIn.class).isPresent();
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        if (!gateway.claims(translated(request, new byte[0]))) {
            chain.proceed();
            return;
        }
        var body = Body.read(request.content(), Gateway.BODY_BYTES_MAX);
        var whole = body.length <= Gateway.BODY_BYTES_MAX;
        var peer = request.remotePeer().host();
        var translated = translated(request, body);
        if (Api.isOurs(translated.rawPath())) {
            var call =
                    new SignedApiCall(
                            accounts,
                            () -> {
                                request.context().register(new LetIn(body));
                                chain.proceed();
                                return response.status().code();
                            },
                            () -> ApiAudit.told(request));
            var refusal = gateway.handle(translated, peer, () -> whole, call);
            if (!call.answered()) {
                send(response, refusal);
            }
            return;
        }
        send(response, gateway.handle(translated, peer, () -> whole));
    }

    private static void send(RoutingResponse response, AwsResponse answer) {
        response.status(Status.create(answer.status()));
        answer.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
        response.send(answer.body());
    }

    private static AwsRequest translated(RoutingRequest request, byte[] body) {
        var prologue = request.prologue();
        var headers = new HashMap<String, List<String>>();
        for (Header header : request.headers()) {
            headers.computeIfAbsent(header.name().toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
                    .addAll(header.allValues());
        }
        return new AwsRequest(
                prologue.method().text(),
                prologue.uriPath().rawPath(),
                prologue.query().isEmpty() ? "" : prologue.query().rawValue(),
                headers,
                body);
    }
}
