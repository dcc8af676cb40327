package holdfast.control;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The statements of one connection, kept prepared: most take less time than preparing them does.
///
/// Owns what it gives out, until it is closed or has given out many others. One thread's.
final class Statements implements AutoCloseable {
    /// The statements that there are number about this many; those with as many marks as there are
    /// values come in more forms.
    private static final int COUNT_MAX = 250;

    private final Connection connection;
    private final Map<String, PreparedStatement> prepared = new LinkedHashMap<>(16, 0.75f, true);

    Statements(Connection connection) {
        this.connection = connection;
    }

    /// What is done with a statement whose arguments are set.
    @FunctionalInterface
    interface Use<T> {
        T of(PreparedStatement statement) throws SQLException;
    }

    /// @param use closes what results it opens: until then the database may be in use
    <T> T run(Use<T> use, String sql, @Nullable Object... arguments) throws SQLException {
        var statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
            dropEldest();
        }
        try {
            for (var i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            return use.of(statement);
        } catch (SQLException e) {
            prepared.remove(sql); // which the driver may have ended
            closeAfter(e, statement);
            throw e;
        }
    }

    private static void closeAfter(SQLException cause, PreparedStatement statement) {
        try {
            statement.close();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private void dropEldest() throws SQLException {
        if (prepared.size() > COUNT_MAX) {
            var eldest = prepared.entrySet().iterator().next();
            prepared.remove(eldest.getKey());
            eldest.getValue().close();
        }
    }

    @Override
    public void close() throws SQLException {
        for (var statement : prepared.values()) {
            statement.close();
        }
        prepared.clear();
    }
}
