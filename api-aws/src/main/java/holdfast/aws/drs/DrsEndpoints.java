package holdfast.aws.drs;

import holdfast.aws.AgentAdmission;
import holdfast.aws.drs.model.DrsOperations;
import holdfast.aws.protocol.Endpoint;
import holdfast.aws.protocol.RestJsonEndpoint;
import holdfast.control.Controller;

/// Makes the endpoint of the service.
public final class DrsEndpoints {
    private DrsEndpoints() {}

    /// @param controller outlives the endpoint
    public static Endpoint drs(Controller controller, AgentAdmission admission) {
        return new RestJsonEndpoint(
                DrsOperations.SIGNING_NAME,
                DrsOperations.of(new DrsApi(controller, admission)),
                new DrsRules(controller.accounts()));
    }
}
