package holdfast.control;

import java.sql.SQLException;

/// Databases whose thread will never run again, as that of a process that was killed.
public final class LeftDatabases {
    private LeftDatabases() {}

    /// Lets go of the file, as the end of a process would: what a transaction wrote that was under
    /// way is not kept.
    public static void free(Database database) {
        try {
            database.connection.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
