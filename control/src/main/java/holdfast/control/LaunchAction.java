package holdfast.control;

import java.util.Map;

/// A script that is run in a recovery instance once its boot is proven.
///
/// @param resource the server, or launch template, that it belongs to
/// @param id of the user's choice, unique among the resource's
/// @param order actions of one instance run one after the other, lower ones first
/// @param script its name among those of the launch host
/// @param optional whether the launch may succeed though it fails
/// @param active whether it runs at all
/// @param parameters which the script finds in its environment
/// @param document what an outer API keeps with it in words of its own, as JSON
public record LaunchAction(
        String resource,
        String id,
        int order,
        String script,
        boolean optional,
        boolean active,
        Map<String, String> parameters,
        String document) {
    public LaunchAction {
        parameters = Map.copyOf(parameters);
    }

    LaunchAction of(String otherResource) {
        return new LaunchAction(
                otherResource, id, order, script, optional, active, parameters, document);
    }
}
