package holdfast.aws.drs;

import holdfast.aws.drs.model.DescribeSourceServersRequest;
import holdfast.aws.drs.model.DescribeSourceServersRequestFilters;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.ServerView;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Which source servers are asked for.
final class ServerFilter {
    private ServerFilter() {}

    static Page<ServerView> page(
            Controller controller, RequestContext context, DescribeSourceServersRequest request)
            throws IOException {
        var filters = request.filters();
        if (filters != null) {
            return Page.of(
                    selected(controller, context, filters),
                    view -> view.server().id(),
                    false,
                    request.maxResults(),
                    request.nextToken());
        }
        return Page.of(
                controller.servers()::list,
                view -> view.server().id(),
                request.maxResults(),
                request.nextToken());
    }

    private static List<ServerView> selected(
            Controller controller,
            RequestContext context,
            DescribeSourceServersRequestFilters filters)
            throws IOException {
        var ids = filters.sourceServerIDs();
        var candidates =
                ids == null || ids.isEmpty()
                        ? controller.servers().list()
                        : controller.servers().list(ids);
        return candidates.stream()
                .filter(view -> isIn(filters.stagingAccountIDs(), stagingAccount(context, view)))
                .filter(view -> hasHardware(view, filters.hardwareId()))
                .toList();
    }

    /// The account in which it replicates.
    static String stagingAccount(RequestContext context, ServerView view) {
        return view.extension().map(shown -> shown.extension().account()).orElse(context.account());
    }

    /// An empty list asks for all.
    static boolean isIn(@Nullable List<String> wanted, String id) {
        return wanted == null || wanted.isEmpty() || wanted.contains(id);
    }

    /// Of the ids that the service knows, we know the address of a network interface.
    private static boolean hasHardware(ServerView view, @Nullable String wanted) {
        if (wanted == null || wanted.isEmpty()) {
            return true;
        }
        var address = wanted.toLowerCase(Locale.ROOT);
        return view.server().machine().stream()
                .flatMap(facts -> facts.networkInterfaces().stream())
                .map(NetworkInterfaces::macAddress)
                .anyMatch(address::equals);
    }
}
