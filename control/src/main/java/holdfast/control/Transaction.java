package holdfast.control;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Statements inside one transaction of the [Database]; used by its thread only, and dead when the
/// transaction ends.
final class Transaction {
    private final Connection connection;
    private final Database database;
    private final List<Runnable> afterCommit;
    private final Optional<Scope> scope;

    /// @param scope as which account it is done
    Transaction(Connection connection, Database database, Optional<Scope> scope) {
        this(connection, database, scope, new ArrayList<>());
    }

    private Transaction(
            Connection connection,
            Database database,
            Optional<Scope> scope,
            List<Runnable> afterCommit) {
        this.connection = connection;
        this.database = database;
        this.scope = scope;
        this.afterCommit = afterCommit;
    }

    Optional<Scope> scope() {
        return scope;
    }

    /// The same transaction, to which everything is there, whoever's it is.
    Transaction whole() {
        return new Transaction(connection, database, Optional.empty(), afterCommit);
    }

    /// The same transaction, as another account.
    Transaction in(Scope other) {
        return new Transaction(connection, database, Optional.of(other), afterCommit);
    }

    /// @return rows changed
    int execute(String sql, @Nullable Object... arguments) throws DatabaseException {
        try (var statement = prepare(sql, arguments)) {
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw database.translated(e);
        }
    }

    /// Every row's values in the order selected.
    List<@Nullable Object[]> query(String sql, @Nullable Object... arguments)
            throws DatabaseException {
        try (var statement = prepare(sql, arguments);
                var result = statement.executeQuery()) {
            var columnCount = result.getMetaData().getColumnCount();
            var rows = new ArrayList<@Nullable Object[]>();
            while (result.next()) {
                var row = new @Nullable Object[columnCount];
                for (var i = 0; i < columnCount; i++) {
                    row[i] =
                            result.getObject(i + 1) instanceof Integer number
                                    ? Long.valueOf(number)
                                    : result.getObject(i + 1);
                }
                rows.add(row);
            }
            return rows;
        } catch (SQLException e) {
            throw database.translated(e);
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

    private PreparedStatement prepare(String sql, @Nullable Object... arguments)
            throws SQLException {
        var statement = connection.prepareStatement(sql);
        try {
            for (var i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            return statement;
        } catch (SQLException e) {
            statement.close();
            throw e;
        }
    }
}
