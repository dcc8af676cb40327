package holdfast.aws.protocol;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Finds the operation of a method and path. Works on the path's segments as they came, so that an
/// encoded slash stays within one label; a trailing slash is ignored. Immutable once filled.
final class Router {
    private final Map<String, List<Route>> routes = new HashMap<>();

    private record Route(List<String> segments, Operation<?> operation) {}

    /// @param labels by name, decoded
    record Match(Operation<?> operation, Map<String, String> labels) {}

    Router(List<Operation<?>> operations) {
        for (var operation : operations) {
            routes.computeIfAbsent(operation.method(), _ -> new ArrayList<>())
                    .add(new Route(segments(operation.uri()), operation));
        }
        // literal paths first, since a label would match them too
        routes.values().forEach(all -> all.sort((a, b) -> labels(a) - labels(b)));
    }

    private static int labels(Route route) {
        return Math.toIntExact(route.segments().stream().filter(Router::isLabel).count());
    }

    private static boolean isLabel(String segment) {
        return segment.startsWith("{");
    }

    private static List<String> segments(String path) {
        return Arrays.stream(path.split("/", -1)).filter(segment -> !segment.isEmpty()).toList();
    }

    Optional<Match> match(String method, String rawPath) {
        var segments = segments(rawPath);
        for (var route : routes.getOrDefault(method, List.of())) {
            if (fits(route.segments(), segments)) {
                return Optional.of(new Match(route.operation(), labels(route, segments)));
            }
        }
        return Optional.empty();
    }

    private static boolean fits(List<String> pattern, List<String> segments) {
        if (pattern.size() != segments.size()) {
            return false;
        }
        for (var i = 0; i < pattern.size(); i++) {
            if (!isLabel(pattern.get(i)) && !pattern.get(i).equals(segments.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static Map<String, String> labels(Route route, List<String> segments) {
        var labels = new HashMap<String, String>();
        for (var i = 0; i < segments.size(); i++) {
            var name = route.segments().get(i);
            if (isLabel(name)) {
                labels.put(
                        name.substring(1, name.length() - 1),
                        PercentEncoding.decode(segments.get(i)));
            }
        }
        return labels;
    }
}
