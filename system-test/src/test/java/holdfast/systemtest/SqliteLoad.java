package holdfast.systemtest;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// A database under load, as a process of its own: row n is committed to table `a` and only then to
/// table `b`, with full synchronisation, and told on standard output in the form of
/// [holdfast.demo.RecordWriter]. Old rows are deleted, so that pages are used again.
public final class SqliteLoad {
    private static final int ROWS_KEPT = 2000;
    private static final int ROW_BYTES = 400;

    private SqliteLoad() {}

    /// @param arguments the database file, and the pause between two rows in milliseconds
    public static void main(String[] arguments) throws Exception {
        var pauseMillis = Long.parseLong(arguments[1]);
        var random = new SplittableRandom(1);
        try (var database = open(Path.of(arguments[0]))) {
            try (var statement = database.createStatement()) {
                statement.execute("pragma journal_mode = wal");
                statement.execute("pragma synchronous = full");
                statement.execute("create table a (n integer primary key, x blob)");
                statement.execute("create table b (n integer primary key, x blob)");
            }
            for (var n = 1L; ; n++) {
                var begun = micros();
                insert(database, "a", n, random);
                insert(database, "b", n, random);
                System.out.println(n + " " + begun + " " + micros());
                if (n % 500 == 0) {
                    delete(database, "a", n - ROWS_KEPT);
                    delete(database, "b", n - ROWS_KEPT);
                }
                Thread.sleep(pauseMillis);
            }
        }
    }

    /// Holds a recovered database against what was acknowledged.
    ///
    /// @param required the last row that must be there
    /// @return what is wrong; empty if all is well
    static List<String> check(Path file, long required) throws SQLException {
        var faults = new ArrayList<String>();
        try (var database = open(file);
                var statement = database.createStatement()) {
            try (var answer = statement.executeQuery("pragma integrity_check")) {
                answer.next();
                if (!answer.getString(1).equals("ok")) {
                    faults.add("integrity_check: " + answer.getString(1));
                }
            }
            var a = last(database, "a");
            var b = last(database, "b");
            if (b > a) {
                faults.add("table b holds row " + b + ", table a only " + a);
            }
            if (b < required) {
                faults.add("row " + required + " was committed, the last one found is " + b);
            }
        } catch (SQLException e) {
            if (required > 0) {
                faults.add(file.getFileName() + ": " + e.getMessage());
            }
        }
        return faults;
    }

    private static Connection open(Path file) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + file);
    }

    private static void insert(Connection database, String table, long n, SplittableRandom random)
            throws SQLException {
        var row = new byte[ROW_BYTES];
        random.nextBytes(row);
        try (var insert = database.prepareStatement("insert into " + table + " values (?, ?)")) {
            insert.setLong(1, n);
            insert.setBytes(2, row);
            insert.executeUpdate();
        }
    }

    private static void delete(Connection database, String table, long before) throws SQLException {
        try (var delete = database.prepareStatement("delete from " + table + " where n < ?")) {
            delete.setLong(1, before);
            delete.executeUpdate();
        }
    }

    private static long last(Connection database, String table) throws SQLException {
        try (var statement = database.createStatement();
                var answer = statement.executeQuery("select coalesce(max(n), 0) from " + table)) {
            answer.next();
            return answer.getLong(1);
        }
    }

    private static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
