package holdfast.control;

import holdfast.base.Checksums;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// The control plane's embedded database: SQLite, one file, every transaction on stable storage
/// before it returns. Why so, and how damage is noticed: docs/decisions/embedded-database.md.
///
/// Owns the connection and the one worker thread that uses it: native calls would pin a carrier
/// thread, and one writer needs no locks. Safe for any thread; whoever opened it closes it.
public final class Database implements AutoCloseable {
    /// Marks the file as ours (SQLite file format §1.3.17, "application id"): "HFCT".
    private static final int APPLICATION_ID = 0x48464354;

    private static final int SCHEMA_VERSION = 13;

    /// Takes the write lock at once, so that what was read is still so when it is written. By hand,
    /// since the driver's own transactions hold the lock between one commit and the next.
    private static final String BEGIN = "begin immediate";

    /// Bound on the database's thread only.
    private static final ScopedValue<Transaction> RUNNING = ScopedValue.newInstance();

    private static final int SQLITE_CORRUPT = 11;
    private static final int SQLITE_NOTADB = 26;

    private final Path file;
    final Connection connection;
    private final Statements statements;
    private final ExecutorService thread;

    private Database(Path file, Connection connection, TimeSource time) {
        this.file = file;
        this.connection = connection;
        this.statements = new Statements(connection);
        this.thread =
                Executors.newFixedThreadPool(1, time.workers().name("control-database").factory());
    }

    /// Opens the database, makes it where there is none, brings its schema up to date, and reads
    /// all of it once.
    ///
    /// @param time that its thread comes from
    /// @throws DamagedDatabaseException if any byte in use is not as it was written
    /// @throws RefusalException if a later version of Holdfast made it
    public static Database open(Path file, TimeSource time) throws IOException {
        Connection connection;
        try {
            connection = DriverManager.getConnection("jdbc:sqlite:" + file, settings());
        } catch (SQLException e) {
            throw translated(file, e);
        }
        var database = new Database(file, connection, time);
        try {
            // what is deleted may have been a secret
            database.<@Nullable Void>call(() -> {
                database.execute("pragma secure_delete = on");
                return null;
            });
            database.migrate();
            database.verify();
            return database;
        } catch (IOException | RuntimeException e) {
            database.close();
            throw e;
        }
    }

    private static Properties settings() {
        var settings = new Properties();
        // A rollback journal and not a write-ahead log: what was committed is then in the one file
        // whose rows carry checks. A damaged log would be cut off at the damage without a word.
        settings.setProperty("journal_mode", "TRUNCATE");
        settings.setProperty("synchronous", "FULL");
        settings.setProperty("busy_timeout", "10000");
        settings.setProperty("application_id", Integer.toString(APPLICATION_ID));
        // Asked after each insertion otherwise, by a statement that stays open as long as that one.
        settings.setProperty("jdbc.get_generated_keys", "false");
        return settings;
    }

    Path file() {
        return file;
    }

    /// Runs the work in one transaction, alone. On return what it wrote is on stable storage; when
    /// it throws, nothing is kept. Within the work of another transaction it is a part of that, and
    /// done as the same account unless it is asked for as another.
    ///
    /// An interrupt of the caller is kept for later: whether the transaction was committed must not
    /// be in doubt.
    <T extends @Nullable Object> T transact(Work<T> work) throws IOException {
        if (RUNNING.isBound() && RUNNING.get().isOf(this)) {
            var whole = RUNNING.get();
            var as = Scope.current();
            return work.run(as.isPresent() ? whole.in(as.get()) : whole);
        }
        var scope = Scope.current(); // which the database's thread does not have
        return call(() -> {
            var done = false;
            try {
                delimit(BEGIN);
                var tx = new Transaction(statements, this, scope);
                var result =
                        ScopedValue.where(RUNNING, tx).<T, IOException>call(() -> work.run(tx));
                delimit("commit");
                done = true;
                tx.committed();
                return result;
            } catch (SQLException e) {
                throw translated(e);
            } finally {
                if (!done) {
                    rollBack();
                }
            }
        });
    }

    /// Reads every row of every table and checks the file's structure.
    ///
    /// @throws DamagedDatabaseException if any byte in use is not as it was written
    public void verify() throws IOException {
        this.<@Nullable Void>transact(tx -> {
            for (var line : tx.query("pragma integrity_check(1)")) {
                if (!"ok".equals(line[0])) {
                    throw tx.damaged(String.valueOf(line[0]));
                }
            }
            for (var table : Tables.ALL) {
                table.verify(tx);
            }
            for (var table : AccessTables.ALL) {
                table.verify(tx);
            }
            var version = versions(tx).getLast();
            if (version.schemaCheck() != schemaCheck(tx)) {
                throw tx.damaged("the table definitions are not those that were written");
            }
            return null;
        });
    }

    /// Writes the file anew without what was deleted.
    void compact() throws IOException {
        this.<@Nullable Void>call(() -> {
            execute("vacuum");
            return null;
        });
    }

    private void migrate() throws IOException {
        var found = transact(Database::storedVersion);
        if (found > SCHEMA_VERSION) {
            throw new RefusalException(
                    "newer-version",
                    String.format(
                            Locale.ROOT,
                            "control database %s has schema version %d, this Holdfast knows %d: run"
                                    + " the later version that made it",
                            file,
                            found,
                            SCHEMA_VERSION));
        }
        for (var version = found + 1; version <= SCHEMA_VERSION; version++) {
            var script = script(version);
            var to = version;
            this.<@Nullable Void>transact(tx -> {
                for (var statement : script) {
                    tx.execute(statement);
                }
                Tables.VERSIONS.insert(tx, new SchemaVersion(to, schemaCheck(tx)));
                return null;
            });
        }
    }

    private static long storedVersion(Transaction tx) throws DatabaseException {
        var tables = tx.query("select name from sqlite_master where name = 'schema_versions'");
        if (tables.isEmpty()) {
            if (!tx.query("select name from sqlite_master").isEmpty()) {
                throw tx.damaged("the table schema_versions is missing among others");
            }
            return 0;
        }
        var versions = versions(tx);
        if (versions.isEmpty()) {
            throw tx.damaged("the table schema_versions is empty");
        }
        return versions.getLast().version();
    }

    private static List<SchemaVersion> versions(Transaction tx) throws DatabaseException {
        var versions = Tables.VERSIONS.select(tx, "order by version");
        if (versions.isEmpty()) {
            throw tx.damaged("the table schema_versions is empty");
        }
        return versions;
    }

    /// Over the text of every definition, which decides how rows are read.
    private static long schemaCheck(Transaction tx) throws DatabaseException {
        var text = new StringBuilder();
        for (var row : tx.query("select type, name, tbl_name, sql from sqlite_master order by 2")) {
            text.append(Arrays.toString(row)).append('\n');
        }
        return Checksums.crc32c(text.toString().getBytes(StandardCharsets.UTF_8)) & 0xffff_ffffL;
    }

    private static List<String> script(long version) throws IOException {
        try (var in = Database.class.getResourceAsStream("schema/" + version + ".sql")) {
            if (in == null) {
                throw new IllegalStateException("schema script " + version + " is not packaged");
            }
            return List.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split(";\n"));
        }
    }

    /// Begins or ends a transaction, by a statement that stays prepared.
    private void delimit(String sql) throws SQLException {
        statements.run(PreparedStatement::execute, sql);
    }

    private void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void rollBack() {
        try {
            execute("rollback");
        } catch (SQLException _) {
            // The error that brought us here says more; SQLite rolls back when it reopens.
        }
    }

    private <T extends @Nullable Object> T call(Callable<T> work) throws IOException {
        var future = thread.submit(work);
        var interrupted = false;
        try {
            while (true) {
                try {
                    return get(future);
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static <T extends @Nullable Object> T get(Future<T> future)
            throws IOException, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null -> throw new IllegalStateException(e);
                case Throwable cause -> throw new IllegalStateException(cause);
            }
        }
    }

    DatabaseException translated(SQLException e) {
        return translated(file, e);
    }

    private static DatabaseException translated(Path file, SQLException e) {
        return switch (e.getErrorCode()) {
            case SQLITE_CORRUPT, SQLITE_NOTADB ->
                    new DamagedDatabaseException(file, String.valueOf(e.getMessage()));
            default -> new DatabaseException("control database " + file + ": " + e.getMessage(), e);
        };
    }

    /// Waits for the transaction that runs; none starts after this.
    @Override
    public void close() throws IOException {
        thread.close();
        try {
            statements.close();
            connection.close();
        } catch (SQLException e) {
            throw translated(e);
        }
    }

    /// What to do in one transaction.
    @FunctionalInterface
    interface Work<T extends @Nullable Object> {
        T run(Transaction tx) throws IOException;
    }

    /// @param schemaCheck CRC-32C over all definitions as they were after the migration
    record SchemaVersion(long version, long schemaCheck) {}
}
