package holdfast.aws.sts;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.AwsResponse;
import holdfast.aws.protocol.Credential;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.ProtocolException;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.ServiceException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// `GetCallerIdentity`, in the Query protocol: a form in, XML out. Safe for any thread.
public final class StsEndpoint implements Endpoint {
    private static final String NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";
    private static final Pattern ACTION = Pattern.compile("(?:^|&)Action=([A-Za-z]{1,64})(?:&|$)");

    @Override
    public String signingName() {
        return "sts";
    }

    @Override
    public boolean claims(String method, String rawPath) {
        return method.equals("POST") && rawPath.equals("/");
    }

    @Override
    public ServiceException internal(String message) {
        return new ProtocolException("InternalFailure", 500, message);
    }

    @Override
    public AwsResponse handle(AwsRequest request, RequestContext context, Credential caller) {
        var form = new String(request.body(), StandardCharsets.UTF_8);
        var found = ACTION.matcher(form.isEmpty() ? request.rawQuery() : form);
        var action = found.find() ? found.group(1) : "";
        if (!action.equals("GetCallerIdentity")) {
            throw new ProtocolException(
                    "InvalidAction", 400, "not an action that Holdfast has: " + escaped(action));
        }
        if (!caller.permits().test("sts:" + action)) {
            throw new ProtocolException(
                    "AccessDenied", 403, "the role does not allow sts:" + action);
        }
        // IAM is global: its ARNs have no region
        var arn = "arn:aws:iam::" + context.account() + ":user/" + caller.accessKey();
        return xml(
                context.requestId(),
                200,
                String.format(
                        Locale.ROOT,
                        """
                        <GetCallerIdentityResponse xmlns="%s">
                          <GetCallerIdentityResult>
                            <Arn>%s</Arn>
                            <UserId>%s</UserId>
                            <Account>%s</Account>
                          </GetCallerIdentityResult>
                          <ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>
                        </GetCallerIdentityResponse>
                        """,
                        NAMESPACE,
                        arn,
                        caller.accessKey(),
                        context.account(),
                        context.requestId()));
    }

    @Override
    public AwsResponse error(String requestId, ServiceException error) {
        return xml(
                requestId,
                error.status(),
                String.format(
                        Locale.ROOT,
                        """
                        <ErrorResponse xmlns="%s">
                          <Error>
                            <Type>%s</Type>
                            <Code>%s</Code>
                            <Message>%s</Message>
                          </Error>
                          <RequestId>%s</RequestId>
                        </ErrorResponse>
                        """,
                        NAMESPACE,
                        error.status() < 500 ? "Sender" : "Receiver",
                        queryCode(error.type()),
                        escaped(String.valueOf(error.getMessage())),
                        requestId));
    }

    /// The Query protocol has names of its own for what goes wrong before an action.
    private static String queryCode(String type) {
        return switch (type) {
            case "InvalidSignatureException" -> "SignatureDoesNotMatch";
            case "UnrecognizedClientException" -> "InvalidClientTokenId";
            case "MissingAuthenticationTokenException" -> "MissingAuthenticationToken";
            case "IncompleteSignatureException" -> "IncompleteSignature";
            case "RequestEntityTooLargeException" -> "RequestEntityTooLarge";
            case String other -> other;
        };
    }

    private static AwsResponse xml(String requestId, int status, String body) {
        return new AwsResponse(
                status,
                Map.of("Content-Type", "text/xml", "x-amzn-RequestId", requestId),
                body.getBytes(StandardCharsets.UTF_8));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
