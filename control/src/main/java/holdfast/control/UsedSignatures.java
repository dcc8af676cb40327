package holdfast.control;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Signatures of calls that changed something, so that none is accepted twice: kept across
/// restarts, until they have expired. Why there is an exception: docs/decisions/aws-apis.md. Safe
/// for any thread.
public final class UsedSignatures {
    private final Database database;
    private final TimeSource time;

    /// Whoever holds it knows that no other call is let in meanwhile.
    private final ReentrantLock admission = new ReentrantLock();

    /// Of the last call that was let in, if it had one and this process let it in.
    private Optional<String> last = Optional.empty();

    UsedSignatures(Database database, TimeSource time) {
        this.database = database;
        this.time = time;
    }

    /// @param until it is not accepted after that anyway
    record Used(String signature, Instant until) {}

    /// What a call does.
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /// Uses a signature up; durable on return.
    ///
    /// @param until when it expires of itself
    /// @return false if it was used already
    public boolean use(String signature, Instant until) throws IOException {
        admission.lock();
        try {
            var isNew =
                    database.transact(tx -> {
                        if (AccessTables.USED_SIGNATURES.find(tx, signature).isPresent()) {
                            return false;
                        }
                        AccessTables.USED_SIGNATURES.insert(tx, new Used(signature, until));
                        return true;
                    });
            if (isNew) {
                last = Optional.of(signature);
            }
            return isNew;
        } finally {
            admission.unlock();
        }
    }

    /// Does a call with a used signature once more, if no other that changes something was let in
    /// since it was last done; none is let in until this is done.
    ///
    /// @param work changes nothing when it is done a second time in a row
    /// @return empty if it was not done
    public <T> Optional<T> again(String signature, Work<T> work) throws IOException {
        admission.lock();
        try {
            return last.equals(Optional.of(signature)) ? Optional.of(work.run()) : Optional.empty();
        } finally {
            admission.unlock();
        }
    }

    /// A call that changes something is let in by something else than a signature.
    public void letInOtherwise() {
        admission.lock();
        try {
            last = Optional.empty();
        } finally {
            admission.unlock();
        }
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
