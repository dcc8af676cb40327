package holdfast.control;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The roles that come with Holdfast, and those that operators made. Safe for any thread.
public final class Roles {
    static final int COUNT_MAX = 200;

    private final Database database;

    Roles(Database database) {
        this.database = database;
    }

    /// The built-in ones first, then by name.
    public List<Role> list() throws IOException {
        return database.transact(tx -> {
            var roles = new ArrayList<>(Role.BUILT_IN);
            roles.addAll(AccessTables.ROLES.select(tx, "order by name"));
            return roles;
        });
    }

    /// @throws RefusalException if there is none
    public Role get(String name) throws IOException {
        return database.transact(tx -> require(tx, name));
    }

    static Optional<Role> find(Transaction tx, String name) throws DatabaseException {
        var builtIn = Role.BUILT_IN.stream().filter(role -> role.name().equals(name)).findFirst();
        return builtIn.isPresent() ? builtIn : AccessTables.ROLES.find(tx, name);
    }

    static Role require(Transaction tx, String name) throws DatabaseException {
        return find(tx, name)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-role",
                                "no role "
                                        + name
                                        + ": `holdfast role list` shows those there are"));
    }

    /// Makes a role.
    ///
    /// @throws RefusalException if there is one of that name, or it is malformed
    public Role create(String name, List<String> actions) throws IOException {
        var role = Role.custom(name, actions);
        return database.transact(tx -> {
            if (find(tx, name).isPresent()) {
                throw new RefusalException("role-exists", "there is a role " + name + " already");
            }
            if (AccessTables.ROLES.select(tx, "").size() >= COUNT_MAX) {
                throw new RefusalException(
                        "too-many-roles",
                        "there are " + COUNT_MAX + " roles: delete those not in use");
            }
            AccessTables.ROLES.insert(tx, role);
            return role;
        });
    }

    /// Lets it allow other actions, from now on and for whoever has it.
    ///
    /// @throws RefusalException if there is none, or it is built in
    public Role update(String name, List<String> actions) throws IOException {
        var role = Role.custom(name, actions);
        return database.transact(tx -> {
            requireCustom(tx, name);
            AccessTables.ROLES.update(tx, role);
            return role;
        });
    }

    /// @throws RefusalException if there is none, it is built in, or a user has it
    public void delete(String name) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var role = requireCustom(tx, name);
            var users = AccessTables.USERS.select(tx, "where role = ? order by name limit 1", name);
            if (!users.isEmpty()) {
                throw new RefusalException(
                        "role-in-use",
                        "user "
                                + users.getFirst().name()
                                + " has the role "
                                + name
                                + ": give it another first");
            }
            AccessTables.ROLES.delete(tx, role);
            return null;
        });
    }

    private static Role requireCustom(Transaction tx, String name) throws DatabaseException {
        var role = require(tx, name);
        if (role.builtIn()) {
            throw new RefusalException(
                    "role-built-in",
                    "the role " + name + " comes with Holdfast: make one of your own");
        }
        return role;
    }
}
