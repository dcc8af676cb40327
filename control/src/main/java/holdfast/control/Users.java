package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who may call the AWS API. Safe for any thread.
public final class Users {
    static final int COUNT_MAX = 1000;

    private final Database database;
    private final TimeSource time;

    Users(Database database, TimeSource time) {
        this.database = database;
        this.time = time;
    }

    /// By name.
    public List<User> list() throws IOException {
        return database.transact(tx -> AccessTables.USERS.select(tx, "order by name"));
    }

    /// The accounts of all users that are not of the home account, by name.
    public Map<String, String> accounts() throws IOException {
        return database.transact(tx -> {
            var accounts = new HashMap<String, String>();
            for (var user : AccessTables.USERS.select(tx, "")) {
                Holdings.holder(tx, Holdings.user(user.name()))
                        .ifPresent(account -> accounts.put(user.name(), account));
            }
            return accounts;
        });
    }

    static User require(Transaction tx, String name) throws DatabaseException {
        return AccessTables.USERS
                .find(tx, name)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-user",
                                "no user "
                                        + name
                                        + ": `holdfast user list` shows those there are"));
    }

    /// Makes a user of the account as which it is made.
    ///
    /// @throws RefusalException if there is one of that name in any account, no such role, or too
    ///   many
    public User create(String name, String role) throws IOException {
        return database.transact(tx -> create(tx, name, role));
    }

    User create(Transaction tx, String name, String role) throws DatabaseException {
        Names.require("user", name);
        Roles.require(tx, role);
        if (AccessTables.USERS.find(tx, name).isPresent()) {
            throw new RefusalException("user-exists", "there is a user " + name + " already");
        }
        if (AccessTables.USERS.select(tx, "").size() >= COUNT_MAX) {
            throw new RefusalException(
                    "too-many-users", "there are " + COUNT_MAX + " users: delete those not in use");
        }
        var user = new User(name, role, time.now());
        AccessTables.USERS.insert(tx, user);
        Holdings.claim(tx, Holdings.user(name), Optional.empty());
        return user;
    }

    /// Gives the user another role, from the next call on.
    ///
    /// @throws RefusalException if there is no such user or role
    public User update(String name, String role) throws IOException {
        return database.transact(tx -> {
            var known = require(tx, name);
            Roles.require(tx, role);
            var changed = new User(name, role, known.createdAt());
            AccessTables.USERS.update(tx, changed);
            return changed;
        });
    }

    /// Deletes the user with all its keys: from now on nothing is accepted that is signed with one
    /// of them, or with session credentials that came of them.
    ///
    /// @throws RefusalException if there is none
    public void delete(String name) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var user = require(tx, name);
            for (var key : AccessTables.KEYS.select(tx, "where user_name = ?", name)) {
                AccessTables.KEYS.delete(tx, key);
            }
            AccessTables.USERS.delete(tx, user);
            Holdings.forget(tx, Holdings.user(name));
            return null;
        });
    }
}
