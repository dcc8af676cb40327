package holdfast.control;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Statements inside one transaction of the [Database]; used by its thread only, and dead when the
/// transaction ends.
final class Transaction {
    private final Statements statements;
    private final Database database;
    private final List<Runnable> afterCommit;
    private final Optional<Scope> scope;

    /// @param scope as which account it is done
    Transaction(Statements statements, Database database, Optional<Scope> scope) {
        this(statements, database, scope, new ArrayList<>());
    }

    private Transaction(
            Statements statements,
            Database database,
            Optional<Scope> scope,
            List<Runnable> afterCommit) {
        this.statements = statements;
        this.database = database;
        this.scope = scope;
        this.afterCommit = afterCommit;
    }

    boolean isOf(Database one) {
        return database == one;
    }

    Optional<Scope> scope() {
        return scope;
    }

    /// The same transaction, to which everything is there, whoever's it is.
    Transaction whole() {
        return new Transaction(statements, database, Optional.empty(), afterCommit);
    }

    /// The same transaction, as another account.
    Transaction in(Scope other) {
        return new Transaction(statements, database, Optional.of(other), afterCommit);
    }

    /// @return rows changed
    int execute(String sql, @Nullable Object... arguments) throws DatabaseException {
        try {
            return statements.run(PreparedStatement::executeUpdate, sql, arguments);
        } catch (SQLException e) {
            throw database.translated(e);
        }
    }

    /// Every row's values in the order selected.
    List<@Nullable Object[]> query(String sql, @Nullable Object... arguments)
            throws DatabaseException {
        try {
            return statements.run(Transaction::rows, sql, arguments);
        } catch (SQLException e) {
            throw database.translated(e);
        }
    }

    private static List<@Nullable Object[]> rows(PreparedStatement statement) throws SQLException {
        try (var result = statement.executeQuery()) {
            var columnCount = result.getMetaData().getColumnCount();
            var rows = new ArrayList<@Nullable Object[]>();
            while (result.next()) {
                var row = new @Nullable Object[columnCount];
                for (var i = 0; i < columnCount; i++) {
                    var value = result.getObject(i + 1);
                    row[i] = value instanceof Integer number ? Long.valueOf(number) : value;
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /// Runs once the transaction is on stable storage; not at all if it is rolled back. For logs.
    void afterCommit(Runnable action) {
        afterCommit.add(action);
    }

    void committed() {
        afterCommit.forEach(Runnable::run);
    }

    /// For a row whose bytes are not those that were written.
    DamagedDatabaseException damaged(String what) {
        return new DamagedDatabaseException(database.file(), what);
    }
}
