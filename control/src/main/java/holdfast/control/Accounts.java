package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/// The installation's account. Safe for any thread.
public final class Accounts {
    private static final long ID_MIN = 100_000_000_000L;
    private static final long ID_COUNT = 900_000_000_000L;

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;

    Accounts(Database database, TimeSource time, RandomSource random) {
        this.database = database;
        this.time = time;
        this.random = random;
    }

    public Account get() throws IOException {
        return database.transact(this::account);
    }

    private Account account(Transaction tx) throws DatabaseException {
        var known = Tables.ACCOUNT.select(tx, "");
        if (!known.isEmpty()) {
            return known.getFirst();
        }
        var id = ID_MIN + Math.floorMod(random.nextLong(), ID_COUNT);
        var fresh = new Account(String.format(Locale.ROOT, "%012d", id), Optional.empty());
        Tables.ACCOUNT.insert(tx, fresh);
        return fresh;
    }

    /// Harmless when repeated.
    public void initialize() throws IOException {
        database.transact(tx -> {
            var account = account(tx);
            if (account.initializedAt().isEmpty()) {
                Tables.ACCOUNT.update(tx, new Account(account.id(), Optional.of(time.now())));
            }
            return account;
        });
    }
}
