package holdfast.control;

import java.nio.file.Path;

/// Bytes of the control database are not those that were written. Retrying does not help.
public final class DamagedDatabaseException extends DatabaseException {
    private static final long serialVersionUID = 1L;

    private final String what;

    DamagedDatabaseException(Path file, String what) {
        super("damaged data: control database " + file + ": " + what);
        this.what = what;
    }

    /// Where in the database, and what was found against what was expected.
    public String what() {
        return what;
    }
}
