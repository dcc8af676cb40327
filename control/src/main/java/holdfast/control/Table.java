package holdfast.control;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One table: how a record becomes a row and back, and proof that a row is as it was written.
///
/// The last column, `row_check`, is a CRC-32C over the table's name and the row's values, so that a
/// flipped byte in a row is noticed when it is read. `table_sums` keeps each table's number of rows
/// and the sum of their checks, changed in the same transaction, so that a lost or doubled row is
/// noticed by [#verify]. See docs/decisions/embedded-database.md.
///
/// Stateless, so safe for any thread.
///
/// @param <T> the record
final class Table<T> {
    private final String name;
    private final List<String> keys;
    private final List<String> columns;
    private final Map<String, Integer> positions = new HashMap<>();
    private final String selecting;
    private final Function<T, Map<String, @Nullable Object>> toValues;
    private final Function<Row, T> fromRow;
    private final Optional<Held<T>> held;

    /// How rows belong to accounts.
    ///
    /// @param column that names the resource which an account has
    /// @param parent of rows that are that resource: the resource that it goes with
    private record Held<T>(String column, Optional<Function<T, Optional<String>>> parent) {}

    /// @param keys columns that identify a row
    /// @param columns all columns but `row_check`, the keys among them
    /// @param toValues a value for every column: text, [Long] or null
    Table(
            String name,
            List<String> keys,
            List<String> columns,
            Function<T, Map<String, @Nullable Object>> toValues,
            Function<Row, T> fromRow) {
        this(name, keys, columns, toValues, fromRow, Optional.empty());
    }

    private Table(
            String name,
            List<String> keys,
            List<String> columns,
            Function<T, Map<String, @Nullable Object>> toValues,
            Function<Row, T> fromRow,
            Optional<Held<T>> held) {
        this.held = held;
        this.name = name;
        this.keys = List.copyOf(keys);
        this.columns = List.copyOf(columns);
        this.toValues = toValues;
        this.fromRow = fromRow;
        columns.forEach(column -> positions.put(column, positions.size()));
        this.selecting = "select " + String.join(", ", columns) + ", row_check from ";
    }

    /// Every row is a resource of one account's: of the account that asks for it to be made, or
    /// else of that which has another resource. Its key is of one column.
    ///
    /// @param parent the other resource of a row, if there is one
    Table<T> held(Function<T, Optional<String>> parent) {
        var column = keys.getFirst();
        return new Table<>(
                name,
                keys,
                columns,
                toValues,
                fromRow,
                Optional.of(new Held<>(column, Optional.of(parent))));
    }

    /// Every row says something of a resource, and is the account's that has that.
    ///
    /// @param column that names the resource
    Table<T> heldThrough(String column) {
        return new Table<>(
                name,
                keys,
                columns,
                toValues,
                fromRow,
                Optional.of(new Held<>(column, Optional.empty())));
    }

    String name() {
        return name;
    }

    void insert(Transaction tx, T record) throws DatabaseException {
        var values = ordered(record);
        var check = check(values);
        values.add(check);
        tx.execute(
                String.format(
                        Locale.ROOT,
                        "insert into %s (%s, row_check) values (%s)",
                        name,
                        String.join(", ", columns),
                        marks(values.size())),
                values.toArray());
        adjustSums(tx, 1, check);
        var parent = held.flatMap(Held::parent);
        if (parent.isPresent()) {
            var resource = String.valueOf(values.get(columns.indexOf(keys.getFirst())));
            Holdings.claim(tx, resource, parent.get().apply(record));
        }
    }

    /// Replaces the row of the same key, which must exist.
    void update(Transaction tx, T record) throws DatabaseException {
        var values = ordered(record);
        var key = keyOf(values);
        var before = storedCheck(tx, key);
        var check = check(values);
        values.add(check);
        values.addAll(key);
        var assignments =
                columns.stream().map(column -> column + " = ?").collect(Collectors.joining(", "));
        tx.execute(
                String.format(
                        Locale.ROOT,
                        "update %s set %s, row_check = ? where %s",
                        name,
                        assignments,
                        keyCondition()),
                values.toArray());
        adjustSums(tx, 0, check - before);
    }

    /// Deletes the row of the record's key, which must exist.
    void delete(Transaction tx, T record) throws DatabaseException {
        var key = keyOf(ordered(record));
        var before = storedCheck(tx, key);
        tx.execute("delete from " + name + " where " + keyCondition(), key.toArray());
        adjustSums(tx, -1, -before);
        if (held.flatMap(Held::parent).isPresent()) {
            Holdings.forget(tx, String.valueOf(key.getFirst()));
        }
    }

    Optional<T> find(Transaction tx, Object... key) throws DatabaseException {
        return select(tx, "where " + keyCondition(), key).stream().findFirst();
    }

    /// Only rows of the account as which the transaction is done, if it is done as one.
    ///
    /// @param clauses what follows the table's name: `where`, `order by`, `limit`
    List<T> select(Transaction tx, String clauses, Object... arguments) throws DatabaseException {
        var all = new ArrayList<@Nullable Object>();
        var from = seen(tx, all);
        all.addAll(List.of(arguments));
        var rows = tx.query(selecting + from + " " + clauses, all.toArray());
        var records = new ArrayList<T>(rows.size());
        for (var row : rows) {
            records.add(decode(tx, row));
        }
        return records;
    }

    /// Those rows whose value in a column is one of these.
    ///
    /// @param clauses what follows the condition: `and`, `order by`
    List<T> selectIn(Transaction tx, String column, Collection<String> values, String clauses)
            throws DatabaseException {
        return select(
                tx,
                String.format(
                        Locale.ROOT, "where %s in (%s) %s", column, marks(values.size()), clauses),
                values.toArray());
    }

    /// The table, or what of it is the account's.
    private String seen(Transaction tx, List<@Nullable Object> arguments) {
        if (held.isEmpty() || tx.scope().isEmpty()) {
            return name;
        }
        var account = tx.scope().get().further();
        var others = "not in (select resource from holdings)";
        var own = "in (select resource from holdings where account = ?)";
        account.ifPresent(arguments::add);
        return String.format(
                Locale.ROOT,
                "(select * from %s where %s %s)",
                name,
                held.get().column(),
                account.isPresent() ? own : others);
    }

    /// Reads every row and compares number and sum with those recorded.
    ///
    /// @throws DamagedDatabaseException if anything is not as it was written
    void verify(Transaction tx) throws DatabaseException {
        var rowCount = 0L;
        var sum = 0L;
        for (var row : tx.query(selecting + name)) {
            decode(tx, row);
            rowCount++;
            sum += (Long) Objects.requireNonNull(row[columns.size()]);
        }
        var recorded = sums(tx);
        if (recorded.rowCount() != rowCount || recorded.checkSum() != sum) {
            throw tx.damaged(
                    String.format(
                            Locale.ROOT,
                            "table %s: %d rows with check sum %d found, %d rows with %d expected",
                            name,
                            rowCount,
                            sum,
                            recorded.rowCount(),
                            recorded.checkSum()));
        }
    }

    private T decode(Transaction tx, @Nullable Object[] row) throws DamagedDatabaseException {
        var values = Arrays.asList(row).subList(0, columns.size());
        var found = row[columns.size()];
        var expected = check(values);
        if (!(found instanceof Long stored) || stored != expected) {
            throw tx.damaged(
                    String.format(
                            Locale.ROOT,
                            "table %s, row %s: check %s found, %d expected",
                            name,
                            keyOf(values),
                            found,
                            expected));
        }
        return fromRow.apply(new Row(positions, row));
    }

    private long storedCheck(Transaction tx, List<@Nullable Object> key) throws DatabaseException {
        var rows =
                tx.query(
                        "select row_check from " + name + " where " + keyCondition(),
                        key.toArray());
        if (rows.size() != 1 || !(rows.getFirst()[0] instanceof Long check)) {
            throw new IllegalStateException(
                    String.format(
                            Locale.ROOT,
                            "table %s has %d rows %s, expected one",
                            name,
                            rows.size(),
                            key));
        }
        return check;
    }

    private List<@Nullable Object> ordered(T record) {
        var named = toValues.apply(record);
        if (named.size() != columns.size()) {
            throw new IllegalStateException(
                    String.format(
                            Locale.ROOT,
                            "table %s has columns %s, values are for %s",
                            name,
                            columns,
                            named.keySet()));
        }
        var values = new ArrayList<@Nullable Object>();
        columns.forEach(column -> values.add(named.get(column)));
        return values;
    }

    private List<@Nullable Object> keyOf(List<@Nullable Object> values) {
        var key = new ArrayList<@Nullable Object>();
        keys.forEach(column -> key.add(values.get(columns.indexOf(column))));
        return key;
    }

    private String keyCondition() {
        return keys.stream().map(key -> key + " = ?").collect(Collectors.joining(" and "));
    }

    static String marks(int count) {
        return String.join(", ", Collections.nCopies(count, "?"));
    }

    private long check(List<@Nullable Object> values) {
        return RowCheck.of(name, values);
    }

    private void adjustSums(Transaction tx, long rows, long checks) throws DatabaseException {
        var now = sums(tx);
        var rowCount = now.rowCount() + rows;
        var checkSum = now.checkSum() + checks;
        var arguments =
                new @Nullable Object[] {
                    rowCount, checkSum, sumsCheck(rowCount, checkSum), name,
                };
        var update =
                "update table_sums set row_count = ?, check_sum = ?, row_check = ?"
                        + " where table_name = ?";
        if (tx.execute(update, arguments) == 0) {
            tx.execute(
                    "insert into table_sums (row_count, check_sum, row_check, table_name)"
                            + " values (?, ?, ?, ?)",
                    arguments);
        }
    }

    private Sums sums(Transaction tx) throws DatabaseException {
        var rows =
                tx.query(
                        "select row_count, check_sum, row_check from table_sums"
                                + " where table_name = ?",
                        name);
        if (rows.isEmpty()) {
            return new Sums(0, 0);
        }
        var row = rows.getFirst();
        if (row[0] instanceof Long rowCount
                && row[1] instanceof Long checkSum
                && row[2] instanceof Long check
                && check == sumsCheck(rowCount, checkSum)) {
            return new Sums(rowCount, checkSum);
        }
        throw tx.damaged("table table_sums, row " + name + ": its check does not hold");
    }

    private long sumsCheck(long rowCount, long checkSum) {
        return RowCheck.of("table_sums", List.of(name, rowCount, checkSum));
    }

    private record Sums(long rowCount, long checkSum) {}
}
