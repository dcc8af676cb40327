package holdfast.server;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.Gateway;
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

/// Hands requests of AWS clients, which are known by their signature, to the gateway; all others go
/// on. Safe for any thread.
final class AwsFilter implements Filter {
    private final Gateway gateway;

    AwsFilter(Gateway gateway) {
        this.gateway = gateway;
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
        var answer = gateway.handle(translated(request, body), peer, () -> whole);
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
