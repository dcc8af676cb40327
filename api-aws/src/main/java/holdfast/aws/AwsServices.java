package holdfast.aws;

import holdfast.aws.drs.DrsEndpoints;
import holdfast.aws.protocol.Credential;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.Gateway;
import holdfast.aws.protocol.SignatureVerifier;
import holdfast.aws.sts.StsEndpoint;
import holdfast.base.TimeSource;
import holdfast.control.Controller;
import java.util.List;
import java.util.stream.Stream;

/// The AWS services that an installation answers as.
public final class AwsServices {
    private AwsServices() {}

    /// @param controller outlives the gateway
    /// @param others services that are not AWS's and whose clients sign as AWS's do
    public static Gateway gateway(Controller controller, TimeSource time, List<Endpoint> others) {
        Credential.Lookup keys =
                id ->
                        controller
                                .accessKeys()
                                .find(id)
                                .map(key ->
                                        new Credential(key.id(), key.secret(), key.role()::allows));
        return new Gateway(
                Stream.concat(
                                Stream.of(DrsEndpoints.drs(controller), new StsEndpoint()),
                                others.stream())
                        .toList(),
                new SignatureVerifier(keys, time),
                () -> controller.accounts().get().id());
    }
}
