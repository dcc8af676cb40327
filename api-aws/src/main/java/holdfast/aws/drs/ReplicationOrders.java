package holdfast.aws.drs;

import holdfast.aws.drs.model.SourceServer;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.ServerView;
import java.io.IOException;

/// What is ordered of one source server. Each answers with the server as it then is.
record ReplicationOrders(Controller controller) {
    SourceServer stop(RequestContext context, String id) throws IOException {
        return told(context, controller.orders().stop(id));
    }

    SourceServer start(RequestContext context, String id) throws IOException {
        return told(context, controller.orders().start(id));
    }

    SourceServer retry(RequestContext context, String id) throws IOException {
        return told(context, controller.orders().retry(id));
    }

    SourceServer disconnect(RequestContext context, String id) throws IOException {
        return told(context, controller.orders().disconnect(id));
    }

    private SourceServer told(RequestContext context, ServerView view) throws IOException {
        return ServerTranslation.of(controller, context).server(view);
    }
}
