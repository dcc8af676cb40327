package holdfast.aws.protocol;

import holdfast.base.RefusalException;
import holdfast.control.Signer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/// A service whose protocol is REST with JSON: routes, reads, checks, lets the operation act, and
/// writes. Safe for any thread.
public final class RestJsonEndpoint implements Endpoint {
    private static final String ERROR_TYPE = "x-amzn-ErrorType";

    /// How the names of operations begin that change nothing.
    private static final Pattern LOOKS = Pattern.compile("Describe|Get|List");

    /// And of those which find what they set, or nothing that is left to do, the second time.
    private static final Pattern REPEATABLE =
            Pattern.compile("Delete|Disconnect|Initialize|Put|Reorder|Stop|Tag|Untag|Update");

    private final String signingName;
    private final Rules rules;
    private final Router router;

    /// What services have in common and each words its own way.
    public interface Rules {
        /// @throws ServiceException if the operation needs what is not prepared yet
        void requireReady(Operation<?> operation) throws IOException;

        ServiceException invalid(Violations violations);

        ServiceException denied(String message);

        ServiceException internal(String message);

        /// What the control plane refused, as one of the errors that the operation may answer with.
        ServiceException refused(Operation<?> operation, RefusalException refusal);
    }

    public RestJsonEndpoint(String signingName, List<Operation<?>> operations, Rules rules) {
        this.signingName = signingName;
        this.rules = rules;
        this.router = new Router(operations);
    }

    @Override
    public String signingName() {
        return signingName;
    }

    @Override
    public boolean claims(String method, String rawPath) {
        return router.match(method, rawPath).isPresent();
    }

    @Override
    public Optional<Call> call(AwsRequest request, Signer caller) {
        return router.match(request.method(), request.rawPath())
                .map(match ->
                        new Call(
                                action(match),
                                !LOOKS.matcher(match.operation().name()).lookingAt(),
                                REPEATABLE.matcher(match.operation().name()).lookingAt()));
    }

    private String action(Router.Match match) {
        return signingName + ":" + match.operation().name();
    }

    @Override
    public ServiceException internal(String message) {
        return rules.internal(message);
    }

    @Override
    public AwsResponse handle(AwsRequest request, RequestContext context, Signer caller)
            throws IOException {
        var match =
                router.match(request.method(), request.rawPath())
                        .orElseThrow(() ->
                                new ProtocolException(
                                        "UnknownOperationException",
                                        404,
                                        String.join(
                                                " ",
                                                "no operation at",
                                                request.method(),
                                                request.rawPath())));
        var action = action(match);
        if (!caller.permits(action)) {
            throw rules.denied(
                    "the role "
                            + caller.role().name()
                            + " of "
                            + caller.user()
                            + " does not allow "
                            + action);
        }
        try {
            return call(match.operation(), match.labels(), request, context);
        } catch (RefusalException e) {
            throw rules.refused(match.operation(), e);
        } catch (JacksonException e) {
            throw ProtocolException.malformed("the body is not JSON: " + e.getOriginalMessage());
        }
    }

    private <I> AwsResponse call(
            Operation<I> operation,
            Map<String, String> labels,
            AwsRequest request,
            RequestContext context)
            throws IOException {
        var violations = new Violations();
        var in = new RequestInput(request, labels, violations);
        var input = operation.reader().apply(in);
        in.end();
        operation.validator().validate(violations, MemberPath.ROOT, input);
        if (!violations.found().isEmpty()) {
            throw rules.invalid(violations);
        }
        rules.requireReady(operation);
        var output = operation.handler().handle(context, input);
        var headers = new TreeMap<String, String>();
        headers.put("x-amzn-RequestId", context.requestId());
        if (operation.status() == 204) {
            return new AwsResponse(204, headers, new byte[0]);
        }
        headers.put("Content-Type", "application/json");
        var body =
                output == null ? "{}".getBytes(StandardCharsets.UTF_8) : JsonOutput.bytes(output);
        return new AwsResponse(operation.status(), headers, body);
    }

    /// The type travels as a header always, since bodies have a `code` member of their own.
    @Override
    public AwsResponse error(String requestId, ServiceException error) {
        var headers = new TreeMap<String, String>();
        headers.put("Content-Type", "application/json");
        headers.put("x-amzn-RequestId", requestId);
        headers.put(ERROR_TYPE, error.type());
        error.headers(headers::put);
        return new AwsResponse(error.status(), headers, JsonOutput.bytes(error));
    }
}
