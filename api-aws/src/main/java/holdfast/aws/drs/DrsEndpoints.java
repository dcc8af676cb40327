package holdfast.aws.drs;

import holdfast.aws.drs.model.DrsOperations;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.RestJsonEndpoint;
import holdfast.control.Controller;

/// Makes the endpoint of the service.
public final class DrsEndpoints {
    private DrsEndpoints() {}

    /// @param controller outlives the endpoint
    public static Endpoint drs(Controller controller) {
        return new RestJsonEndpoint(
                DrsOperations.SIGNING_NAME,
                DrsOperations.of(new DrsApi(controller)),
                new DrsRules(controller.accounts()));
    }
}
