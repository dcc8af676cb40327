package holdfast.cli;

import java.util.ArrayList;
import java.util.List;

/// Rows under headings, in columns as wide as their widest cell. A heading that starts with `>`
/// aligns its column to the right, for figures.
final class Table {
    private static final String GAP = "  ";

    private final List<String> headings;
    private final List<Boolean> right;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... headings) {
        this.headings =
                List.of(headings).stream()
                        .map(h -> h.startsWith(">") ? h.substring(1) : h)
                        .toList();
        this.right = List.of(headings).stream().map(h -> h.startsWith(">")).toList();
    }

    void row(String... cells) {
        if (cells.length != headings.size()) {
            throw new IllegalArgumentException(
                    "row of " + cells.length + " cells under " + headings.size() + " headings");
        }
        rows.add(List.of(cells));
    }

    boolean empty() {
        return rows.isEmpty();
    }

    /// The lines, headings first, without trailing blanks.
    List<String> lines() {
        var all = new ArrayList<List<String>>();
        all.add(headings);
        all.addAll(rows);
        return all.stream().map(this::line).toList();
    }

    private String line(List<String> cells) {
        var line = new StringBuilder();
        for (var column = 0; column < cells.size(); column++) {
            var cell = cells.get(column);
            var blanks = " ".repeat(width(column) - cell.length());
            line.append(column == 0 ? "" : GAP);
            line.append(right.get(column) ? blanks + cell : cell + blanks);
        }
        return line.toString().stripTrailing();
    }

    private int width(int column) {
        return rows.stream()
                .mapToInt(row -> row.get(column).length())
                .reduce(headings.get(column).length(), Math::max);
    }
}
