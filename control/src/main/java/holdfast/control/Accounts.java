package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The accounts of an installation, and which of them may extend servers of which. Safe for any
/// thread.
public final class Accounts {
    static final int COUNT_MAX = 1000;

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

    /// One account lets another extend its servers.
    record Share(String account, String target) {}

    /// Does something as an account: nothing is there to it but what that account has, and what it
    /// makes is that account's. Of this thread and its transactions; not of threads it starts.
    ///
    /// @throws RefusalException if there is no such account
    public <R, X extends Throwable> R as(String id, ScopedValue.CallableOp<R, X> work)
            throws IOException, X {
        var scope = database.transact(tx -> scope(tx, id));
        return scope.call(work);
    }

    /// The account as which the caller acts; the home account if as none.
    public Account get() throws IOException {
        return database.transact(this::current);
    }

    Account current(Transaction tx) throws DatabaseException {
        var further = tx.scope().flatMap(Scope::further);
        return further.isPresent() ? require(tx, further.get()) : home(tx);
    }

    boolean exists(Transaction tx, String id) throws DatabaseException {
        return home(tx).id().equals(id) || AccessTables.FURTHER_ACCOUNTS.find(tx, id).isPresent();
    }

    /// @throws RefusalException if there is no such account
    Scope scope(Transaction tx, String id) throws DatabaseException {
        return require(tx, id).home() ? Scope.HOME : new Scope(Optional.of(id));
    }

    Account home(Transaction tx) throws DatabaseException {
        var known = AccessTables.ACCOUNT.select(tx, "");
        if (!known.isEmpty()) {
            return known.getFirst();
        }
        var fresh = new Account(newId(), Account.HOME_NAME, true, Optional.empty());
        AccessTables.ACCOUNT.insert(tx, fresh);
        return fresh;
    }

    private String newId() {
        return String.format(
                Locale.ROOT, "%012d", ID_MIN + Math.floorMod(random.nextLong(), ID_COUNT));
    }

    /// Which account has a resource that others know of, so that the home account is there.
    static String holder(Transaction tx, String resource) throws DatabaseException {
        var holder = Holdings.holder(tx, resource);
        return holder.isPresent()
                ? holder.get()
                : AccessTables.ACCOUNT.select(tx, "").getFirst().id();
    }

    /// The home account first, then by name.
    public List<Account> list() throws IOException {
        return database.transact(tx -> {
            var accounts = new ArrayList<Account>();
            accounts.add(home(tx));
            accounts.addAll(AccessTables.FURTHER_ACCOUNTS.select(tx, "order by name"));
            return accounts;
        });
    }

    /// @throws RefusalException if there is none
    Account require(Transaction tx, String id) throws DatabaseException {
        var home = home(tx);
        return home.id().equals(id)
                ? home
                : AccessTables.FURTHER_ACCOUNTS
                        .find(tx, id)
                        .orElseThrow(() ->
                                new RefusalException(
                                        "unknown-account",
                                        "no account "
                                                + id
                                                + ": `holdfast account list` shows those there are"));
    }

    /// @throws RefusalException if the name is malformed or taken, or there are too many
    public Account create(String name) throws IOException {
        Names.require("account", name);
        return database.transact(tx -> {
            var known = AccessTables.FURTHER_ACCOUNTS.select(tx, "");
            if (name.equals(Account.HOME_NAME)
                    || known.stream().anyMatch(one -> one.name().equals(name))) {
                throw new RefusalException(
                        "account-exists", "there is an account " + name + " already");
            }
            if (known.size() >= COUNT_MAX) {
                throw new RefusalException(
                        "too-many-accounts",
                        "there are " + COUNT_MAX + " accounts: delete those not in use");
            }
            var home = home(tx).id();
            var id = newId();
            while (id.equals(home) || AccessTables.FURTHER_ACCOUNTS.find(tx, id).isPresent()) {
                id = newId();
            }
            var account = new Account(id, name, false, Optional.empty());
            AccessTables.FURTHER_ACCOUNTS.insert(tx, account);
            return account;
        });
    }

    /// Forgets an account that has nothing.
    ///
    /// @throws RefusalException if there is none, it is the home account, or it has something
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var account = require(tx, id);
            if (account.home()) {
                throw new RefusalException(
                        "account-home", "every installation has its home account: " + id);
            }
            for (var held :
                    AccessTables.HOLDINGS.select(
                            tx, "where account = ? order by resource limit 1", id)) {
                throw new RefusalException(
                        "account-in-use",
                        String.format(
                                Locale.ROOT,
                                "account %s still has %s: delete what it has first; servers, jobs and instances are remembered for 30 days after their end",
                                id,
                                held.resource()));
            }
            for (var share :
                    AccessTables.SHARES.select(tx, "where account = ? or target = ?", id, id)) {
                AccessTables.SHARES.delete(tx, share);
            }
            AccessTables.FURTHER_ACCOUNTS.delete(tx, account);
            return null;
        });
    }

    /// Of the account as which the caller acts. Harmless when repeated.
    public void initialize() throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var account = current(tx);
            if (account.initializedAt().isEmpty()) {
                var now = Optional.of(time.now());
                var table = account.home() ? AccessTables.ACCOUNT : AccessTables.FURTHER_ACCOUNTS;
                table.update(tx, new Account(account.id(), account.name(), account.home(), now));
            }
            return null;
        });
    }

    /// Lets an account extend servers of another. Harmless when repeated.
    ///
    /// @param id whose servers
    /// @throws RefusalException if one is unknown, or both are the same
    public void share(String id, String with) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            require(tx, id);
            require(tx, with);
            if (id.equals(with)) {
                throw new RefusalException(
                        "malformed-share", "an account has its own servers: name another");
            }
            if (!shared(tx, id, with)) {
                AccessTables.SHARES.insert(tx, new Share(id, with));
            }
            return null;
        });
    }

    /// From now on servers that were extended cannot be recovered there; instances stay. Harmless
    /// when repeated.
    ///
    /// @throws RefusalException if an account is unknown
    public void unshare(String id, String with) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            require(tx, id);
            require(tx, with);
            if (shared(tx, id, with)) {
                AccessTables.SHARES.delete(tx, new Share(id, with));
            }
            return null;
        });
    }

    static boolean shared(Transaction tx, String id, String with) throws DatabaseException {
        return AccessTables.SHARES.find(tx, id, with).isPresent();
    }

    /// The accounts that may extend servers of this one.
    ///
    /// @throws RefusalException if there is no such account
    public List<String> sharedWith(String id) throws IOException {
        return database.transact(tx -> {
            require(tx, id);
            return AccessTables.SHARES.select(tx, "where account = ? order by target", id).stream()
                    .map(Share::target)
                    .toList();
        });
    }
}
