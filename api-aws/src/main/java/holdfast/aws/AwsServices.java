package holdfast.aws;

import holdfast.aws.drs.DrsEndpoints;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.Gateway;
import holdfast.aws.protocol.ProtocolException;
import holdfast.aws.protocol.SignatureVerifier;
import holdfast.aws.protocol.Signers;
import holdfast.aws.sts.StsEndpoint;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.control.AuditLog;
import holdfast.control.Controller;
import java.util.List;
import java.util.stream.Stream;

/// The AWS services that an installation answers as.
public final class AwsServices {
    /// The path under which whoever answers for the gateway gives out exported templates of
    /// networks; the secret of one follows.
    public static final String NETWORK_TEMPLATES = "/network-templates/";

    private AwsServices() {}

    /// @param controller outlives the gateway, as `audit` does
    /// @param others services that are not AWS's and whose clients sign as AWS's do
    public static Gateway gateway(
            Controller controller,
            AgentAdmission admission,
            AuditLog audit,
            TimeSource time,
            List<Endpoint> others) {
        Signers signers =
                (key, token) -> {
                    try {
                        return controller.sessions().signer(key, token);
                    } catch (RefusalException e) {
                        throw new ProtocolException(
                                "ExpiredTokenException", 403, String.valueOf(e.getMessage()));
                    }
                };
        return new Gateway(
                Stream.concat(
                                Stream.of(
                                        DrsEndpoints.drs(controller, admission),
                                        new StsEndpoint(controller.sessions())),
                                others.stream())
                        .toList(),
                new SignatureVerifier(signers, time),
                controller.usedSignatures(),
                audit,
                controller.accounts(),
                time);
    }
}
