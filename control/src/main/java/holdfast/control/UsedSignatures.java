package holdfast.control;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Signatures of calls that changed something, so that none is accepted twice: kept across
/// restarts, until they have expired. Safe for any thread.
public final class UsedSignatures {
    private final Database database;
    private final TimeSource time;

    UsedSignatures(Database database, TimeSource time) {
        this.database = database;
        this.time = time;
    }

    /// @param until it is not accepted after that anyway
    record Used(String signature, Instant until) {}

    /// Uses a signature up; durable on return.
    ///
    /// @param until when it expires of itself
    /// @return false if it was used already
    public boolean use(String signature, Instant until) throws IOException {
        return database.transact(tx -> {
            if (AccessTables.USED_SIGNATURES.find(tx, signature).isPresent()) {
                return false;
            }
            AccessTables.USED_SIGNATURES.insert(tx, new Used(signature, until));
            return true;
        });
    }

    /// Forgets those that have expired.
    void prune() throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var used :
                    AccessTables.USED_SIGNATURES.select(
                            tx, "where until < ?", time.now().toEpochMilli())) {
                AccessTables.USED_SIGNATURES.delete(tx, used);
            }
            return null;
        });
    }
}
