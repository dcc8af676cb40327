package holdfast.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Named values of one thing, a line each, the values in one column.
final class Facts {
    private final Map<String, String> values = new LinkedHashMap<>();

    /// Leaves out what is empty.
    Facts add(String name, String value) {
        if (!value.isEmpty()) {
            values.put(name, value);
        }
        return this;
    }

    List<String> lines() {
        var width = values.keySet().stream().mapToInt(String::length).max().orElse(0);
        return values.entrySet().stream()
                .map(fact ->
                        fact.getKey()
                                + " ".repeat(width - fact.getKey().length() + 2)
                                + fact.getValue())
                .toList();
    }
}
