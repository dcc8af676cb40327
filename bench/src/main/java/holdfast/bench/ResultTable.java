package holdfast.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The rows for people.
final class ResultTable {
    private static final List<String> HEADINGS =
            List.of(
                    "BENCHMARK",
                    "MEASURE",
                    "BETTER",
                    "HOLDFAST",
                    "PEER",
                    "PEER'S",
                    "HOLDFAST/PEER");
    private static final String SPREAD = "min / median / max";
    private static final List<String> UNITS = List.of("", "", "", SPREAD, "", SPREAD, SPREAD);
    private static final String NONE = "-";
    private static final String GAP = "  ";

    private ResultTable() {}

    static List<String> lines(List<Row> rows) {
        var cells = new ArrayList<List<String>>();
        cells.add(HEADINGS);
        cells.add(UNITS);
        for (var row : rows) {
            cells.add(
                    List.of(
                            row.benchmark(),
                            row.measure(),
                            row.better().name().toLowerCase(Locale.ROOT),
                            spread(row.ours()),
                            row.peer().map(Row.Peer::name).orElse(NONE),
                            row.peer().map(peer -> spread(peer.figures())).orElse(NONE),
                            row.ratio().map(ResultTable::spread).orElse(NONE)));
        }
        return cells.stream().map(line -> padded(line, cells)).toList();
    }

    private static String padded(List<String> line, List<List<String>> all) {
        var text = new StringBuilder();
        for (var column = 0; column < line.size(); column++) {
            var width = 0;
            for (var other : all) {
                width = Math.max(width, other.get(column).length());
            }
            text.append(line.get(column)).repeat(' ', width - line.get(column).length());
            text.append(GAP);
        }
        return text.toString().stripTrailing();
    }

    private static String spread(Samples samples) {
        return String.join(
                " / ", figure(samples.min()), figure(samples.median()), figure(samples.max()));
    }

    /// Three digits that count, and never fewer than there are before the point.
    static String figure(double value) {
        var size = Math.abs(value);
        var digits = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }
}
