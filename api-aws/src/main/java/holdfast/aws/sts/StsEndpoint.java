package holdfast.aws.sts;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.AwsResponse;
import holdfast.aws.protocol.Call;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.ProtocolException;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.ServiceException;
import holdfast.base.RefusalException;
import holdfast.control.Sessions;
import holdfast.control.Signer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// `GetCallerIdentity`, `GetSessionToken` and `AssumeRole`, in the Query protocol: a form in, XML
/// out. Safe for any thread.
public final class StsEndpoint implements Endpoint {
    private static final String NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";
    private static final Set<String> ACTIONS =
            Set.of("GetCallerIdentity", "GetSessionToken", "AssumeRole");
    private static final Pattern ROLE_ARN =
            Pattern.compile("arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_-]{1,64}");
    private static final Pattern SESSION_NAME = Pattern.compile("[A-Za-z0-9_+=,.@-]{2,64}");

    private final Sessions sessions;

    public StsEndpoint(Sessions sessions) {
        this.sessions = sessions;
    }

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
    public Optional<Call> call(AwsRequest request, Signer caller) {
        var form = StsForm.of(request);
        return switch (form.action()) {
            case "GetCallerIdentity" -> Optional.of(new Call("sts:GetCallerIdentity", false));
            case "GetSessionToken" -> Optional.of(new Call("sts:GetSessionToken", true));
            case "AssumeRole" -> {
                var arn = form.values().getOrDefault("RoleArn", "");
                yield Optional.of(
                        new Call(
                                Sessions.assuming(caller, accountOf(arn, caller), roleOf(arn)),
                                true));
            }
            default -> Optional.empty();
        };
    }

    /// Of something else than an ARN, the caller's own.
    private static String accountOf(String arn, Signer caller) {
        return ROLE_ARN.matcher(arn).matches() ? arn.split(":", -1)[4] : caller.account();
    }

    private static String roleOf(String arn) {
        return arn.substring(arn.lastIndexOf('/') + 1);
    }

    @Override
    public AwsResponse handle(AwsRequest request, RequestContext context, Signer caller)
            throws IOException {
        var form = StsForm.of(request);
        var action = form.action();
        if (!ACTIONS.contains(action)) {
            throw new ProtocolException(
                    "InvalidAction", 400, "not an action that Holdfast has: " + action);
        }
        try {
            return switch (action) {
                case "GetCallerIdentity" -> identity(form, context, caller);
                case "GetSessionToken" -> sessionToken(form, context, caller);
                default -> assumedRole(form, context, caller);
            };
        } catch (RefusalException e) {
            throw denied(String.valueOf(e.getMessage()));
        }
    }

    private static void require(Signer caller, String action) {
        if (!caller.permits(action)) {
            throw denied(
                    "the role "
                            + caller.role().name()
                            + " of "
                            + caller.user()
                            + " does not allow "
                            + action);
        }
    }

    private static ProtocolException denied(String message) {
        return new ProtocolException("AccessDenied", 403, message);
    }

    private static AwsResponse identity(StsForm form, RequestContext context, Signer caller) {
        form.allow();
        require(caller, "sts:GetCallerIdentity");
        var assumed = caller.session().flatMap(Signer.Session::assumed);
        var session = caller.session().map(Signer.Session::name).orElse("");
        var arn =
                assumed.map(role -> assumedRoleArn(context.account(), role, session))
                        // IAM is global: its ARNs have no region
                        .orElse("arn:aws:iam::" + context.account() + ":user/" + caller.user());
        return result(
                "GetCallerIdentity",
                context,
                String.format(
                        Locale.ROOT,
                        "<Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account>",
                        arn,
                        assumed.map(role -> role + ":" + session).orElse(caller.user()),
                        context.account()));
    }

    private static String assumedRoleArn(String account, String role, String session) {
        return "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + session;
    }

    private AwsResponse sessionToken(StsForm form, RequestContext context, Signer caller) {
        form.allow("DurationSeconds");
        require(caller, "sts:GetSessionToken");
        var validFor = form.duration(43_200, 900, 129_600);
        return result("GetSessionToken", context, credentials(sessions.own(caller, validFor)));
    }

    private AwsResponse assumedRole(StsForm form, RequestContext context, Signer caller)
            throws IOException {
        // an external id is a condition that roles may make; ours make none
        form.allow("RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId");
        var arn = form.required("RoleArn", ROLE_ARN);
        var name = form.required("RoleSessionName", SESSION_NAME);
        var validFor = form.duration(3_600, 900, 43_200);
        var role = roleOf(arn);
        var account = accountOf(arn, caller);
        var made = sessions.assume(caller, account, role, name, validFor);
        return result(
                "AssumeRole",
                context,
                String.format(
                        Locale.ROOT,
                        "<AssumedRoleUser><Arn>%s</Arn><AssumedRoleId>%s:%s</AssumedRoleId></AssumedRoleUser>%s",
                        assumedRoleArn(account, role, name),
                        role,
                        name,
                        credentials(made)));
    }

    private static String credentials(Sessions.Credentials made) {
        return String.format(
                Locale.ROOT,
                "<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>",
                made.accessKey(),
                made.secret(),
                made.token(),
                made.expiresAt());
    }

    private static AwsResponse result(String action, RequestContext context, String content) {
        return xml(
                context.requestId(),
                200,
                """
                <ACTIONResponse xmlns="NAMESPACE">
                  <ACTIONResult>CONTENT</ACTIONResult>
                  <ResponseMetadata><RequestId>REQUEST</RequestId></ResponseMetadata>
                </ACTIONResponse>
                """
                        .replace("ACTION", action)
                        .replace("NAMESPACE", NAMESPACE)
                        .replace("REQUEST", context.requestId())
                        .replace("CONTENT", content));
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
            case "ExpiredTokenException" -> "ExpiredToken";
            case "ThrottlingException" -> "Throttling";
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
