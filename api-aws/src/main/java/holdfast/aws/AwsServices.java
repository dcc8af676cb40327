package holdfast.aws;

import holdfast.aws.drs.DrsEndpoints;
import holdfast.aws.protocol.Credential;
import holdfast.aws.protocol.Gateway;
import holdfast.aws.protocol.SignatureVerifier;
import holdfast.aws.sts.StsEndpoint;
import holdfast.base.TimeSource;
import holdfast.control.Controller;
import java.util.List;

/// The AWS services that an installation answers as.
public final class AwsServices {
    private AwsServices() {}

    /// @param controller outlives the gateway
    public static Gateway gateway(Controller controller, TimeSource time) {
        Credential.Lookup keys =
                id ->
                        controller
                                .accessKeys()
                                .find(id)
                                .map(key ->
                                        new Credential(key.id(), key.secret(), key.role()::allows));
        return new Gateway(
                List.of(DrsEndpoints.drs(controller), new StsEndpoint()),
                new SignatureVerifier(keys, time),
                () -> controller.accounts().get().id());
    }
}
