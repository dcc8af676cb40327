package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.List;
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
        return database.transact(tx -> Tables.USERS.select(tx, "order by name"));
    }

    static User require(Transaction tx, String name) throws DatabaseException {
        return Tables.USERS
                .find(tx, name)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-user",
                                "no user "
                                        + name
                                        + ": `holdfast user list` shows those there are"));
    }

    /// @throws RefusalException if there is one of that name, no such role, or too many
    public User create(String name, String role) throws IOException {
        return database.transact(tx -> create(tx, name, role));
    }

    User create(Transaction tx, String name, String role) throws DatabaseException {
        Names.require("user", name);
        Roles.require(tx, role);
        if (Tables.USERS.find(tx, name).isPresent()) {
            throw new RefusalException("user-exists", "there is a user " + name + " already");
        }
        if (Tables.USERS.select(tx, "").size() >= COUNT_MAX) {
            throw new RefusalException(
                    "too-many-users", "there are " + COUNT_MAX + " users: delete those not in use");
        }
        var user = new User(name, role, time.now());
        Tables.USERS.insert(tx, user);
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
            Tables.USERS.update(tx, changed);
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
            for (var key : Tables.KEYS.select(tx, "where user_name = ?", name)) {
                Tables.KEYS.delete(tx, key);
            }
            Tables.USERS.delete(tx, user);
            return null;
        });
    }
}
