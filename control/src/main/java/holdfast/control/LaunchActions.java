package holdfast.control;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The launch actions of servers, and of the launch template, whose actions servers enrolled later
/// begin with. Safe for any thread.
public final class LaunchActions {
    /// Of one resource.
    static final int COUNT_MAX = 200;

    private final Database database;
    private final LaunchScripts scripts;

    LaunchActions(Database database, LaunchScripts scripts) {
        this.database = database;
        this.scripts = scripts;
    }

    /// Those of a server or template, in the order in which they run.
    ///
    /// @throws RefusalException if there is no such resource
    public List<LaunchAction> of(String resource) throws IOException {
        return database.transact(tx -> {
            require(tx, resource);
            return of(tx, resource);
        });
    }

    /// Those of several resources; one that there is not has none.
    public Map<String, List<LaunchAction>> of(Set<String> resources) throws IOException {
        return database.transact(tx -> {
            var found = new HashMap<String, List<LaunchAction>>();
            for (var resource : resources) {
                found.put(resource, of(tx, resource));
            }
            return found;
        });
    }

    static List<LaunchAction> of(Transaction tx, String resource) throws DatabaseException {
        return Tables.LAUNCH_ACTIONS.select(
                tx, "where resource = ? order by position, id", resource);
    }

    /// Adds an action, or replaces the one of its id.
    ///
    /// @throws RefusalException if there is no such resource or script, another of its actions has
    ///   the same order, or there would be too many
    public void put(LaunchAction action) throws IOException {
        scripts.read(action.script()); // the user is told now, not by a failed job
        database.<@Nullable Void>transact(tx -> {
            require(tx, action.resource());
            var others =
                    of(tx, action.resource()).stream()
                            .filter(other -> !other.id().equals(action.id()))
                            .toList();
            for (var other : others) {
                if (other.order() == action.order()) {
                    throw new RefusalException(
                            "order-taken",
                            String.format(
                                    Locale.ROOT,
                                    "the action %s has the order %d already: choose another",
                                    other.id(),
                                    other.order()));
                }
            }
            if (others.size() >= COUNT_MAX) {
                throw new RefusalException(
                        "too-many-actions",
                        String.format(
                                Locale.ROOT,
                                "%s has %d launch actions, which is all that are allowed",
                                action.resource(),
                                others.size()));
            }
            if (Tables.LAUNCH_ACTIONS.find(tx, action.resource(), action.id()).isPresent()) {
                Tables.LAUNCH_ACTIONS.update(tx, action);
            } else {
                Tables.LAUNCH_ACTIONS.insert(tx, action);
            }
            return null;
        });
    }

    /// @throws RefusalException if there is no such resource or action
    public void delete(String resource, String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            require(tx, resource);
            Tables.LAUNCH_ACTIONS.delete(
                    tx,
                    Tables.LAUNCH_ACTIONS
                            .find(tx, resource, id)
                            .orElseThrow(() ->
                                    new RefusalException(
                                            "unknown-action",
                                            resource + " has no launch action " + id)));
            return null;
        });
    }

    private static void require(Transaction tx, String resource) throws DatabaseException {
        if (Servers.find(tx, resource).isEmpty()
                && Tables.SETTINGS.find(tx, resource, Controller.LAUNCH).isEmpty()) {
            throw new RefusalException(
                    "unknown-resource", "there is no server or launch template " + resource);
        }
    }

    /// A new server begins with the template's.
    static void adopt(Transaction tx, String template, String server) throws DatabaseException {
        for (var action : of(tx, template)) {
            Tables.LAUNCH_ACTIONS.insert(tx, action.of(server));
        }
    }

    static void forget(Transaction tx, String resource) throws DatabaseException {
        for (var action : of(tx, resource)) {
            Tables.LAUNCH_ACTIONS.delete(tx, action);
        }
    }
}
