package holdfast.aws.drs;

import holdfast.aws.AgentAdmission;
import holdfast.aws.drs.model.CreateSourceServerForDrsRequest;
import holdfast.aws.drs.model.CreateSourceServerForDrsResponse;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.protocol.RequestContext;
import java.io.IOException;

/// What agents call that are installed with an access key.
abstract class AgentOperations implements DrsService {
    private final AgentAdmission admission;

    AgentOperations(AgentAdmission admission) {
        this.admission = admission;
    }

    @Override
    public CreateSourceServerForDrsResponse createSourceServerForDrs(
            RequestContext context, CreateSourceServerForDrsRequest request) throws IOException {
        var admitted = admission.admit(request.csr(), request.hostname(), context.host());
        return CreateSourceServerForDrsResponse.builder()
                .serverId(admitted.serverId())
                .certificate(admitted.certificate())
                .ca(admitted.authority())
                .replicationAddress(admitted.replicationAddress())
                .dataDirectory(admitted.dataDirectory())
                .build();
    }
}
