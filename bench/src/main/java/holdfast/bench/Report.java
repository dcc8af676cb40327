package holdfast.bench;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a run measured, and where.
///
/// @param facts of the machine and the sources, by name, in the order in which they are told
/// @param rows in the order in which they were measured
/// @param failures of benchmarks that came to no figures, and why
record Report(Instant startedAt, Map<String, String> facts, List<Row> rows, List<String> failures) {
    Report {
        rows = List.copyOf(rows);
        failures = List.copyOf(failures);
    }

    /// For a terminal.
    List<String> lines() {
        var lines = new ArrayList<String>();
        facts.forEach((name, value) -> lines.add(name + ": " + value));
        lines.add("");
        lines.addAll(ResultTable.lines(rows));
        failures.forEach(failure -> lines.add("FAILED " + failure));
        return lines;
    }

    /// For machines: every figure, in the order in which it was measured.
    String json() {
        var json = JsonMapper.shared().createObjectNode();
        json.put("startedAt", startedAt.toString());
        var told = json.putObject("facts");
        facts.forEach(told::put);
        failures.forEach(json.putArray("failures")::add);
        var array = json.putArray("rows");
        for (var row : rows) {
            var object =
                    array.addObject()
                            .put("benchmark", row.benchmark())
                            .put("measure", row.measure())
                            .put("better", row.better().name());
            put(object.putObject("holdfast"), row.ours());
            row.peer()
                    .ifPresent(peer -> {
                        var of = object.putObject("peer").put("name", peer.name());
                        put(of, peer.figures());
                    });
            row.ratio().ifPresent(ratio -> put(object.putObject("ratio"), ratio));
        }
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(json);
    }

    private static void put(ObjectNode object, Samples samples) {
        object.put("min", samples.min());
        object.put("median", samples.median());
        object.put("max", samples.max());
        var values = object.putArray("values");
        samples.values().forEach(values::add);
    }
}
