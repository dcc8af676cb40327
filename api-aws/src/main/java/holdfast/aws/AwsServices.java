package holdfast.aws;

import holdfast.aws.drs.DrsEndpoints;
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

/// The AWS services that an installation answers as.
public final class AwsServices {
    private AwsServices() {}

    /// @param controller outlives the gateway, as `audit` does
    public static Gateway gateway(
            Controller controller, AgentAdmission admission, AuditLog audit, TimeSource time) {
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
                List.of(
                        DrsEndpoints.drs(controller, admission),
                        new StsEndpoint(controller.sessions())),
                new SignatureVerifier(signers, time),
                controller.usedSignatures()::use,
                audit,
                () -> controller.accounts().get().id());
    }
}
