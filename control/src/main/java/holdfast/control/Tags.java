package holdfast.control;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Names and values that users give to servers, jobs, recovery instances, templates, plans,
/// executions and source networks. They go with what they were given to. Safe for any thread.
public final class Tags {
    /// Of one resource.
    static final int COUNT_MAX = 50;

    /// @param resource the id of what is tagged
    record Tag(String resource, String name, String value) {}

    private final Database database;

    Tags(Database database) {
        this.database = database;
    }

    /// By resource, of all that have tags.
    public Map<String, Map<String, String>> all() throws IOException {
        return database.transact(tx -> {
            var all = new HashMap<String, Map<String, String>>();
            for (var tag : Tables.TAGS.select(tx, "")) {
                all.computeIfAbsent(tag.resource(), _ -> new TreeMap<>())
                        .put(tag.name(), tag.value());
            }
            return all;
        });
    }

    /// By resource, of those among these that have tags.
    public Map<String, Map<String, String>> of(Collection<String> resources) throws IOException {
        return database.transact(tx -> {
            var found = new HashMap<String, Map<String, String>>();
            for (var tag : Tables.TAGS.selectIn(tx, "resource", resources, "")) {
                found.computeIfAbsent(tag.resource(), _ -> new TreeMap<>())
                        .put(tag.name(), tag.value());
            }
            return found;
        });
    }

    /// @throws RefusalException if there is no such resource
    public Map<String, String> of(String resource) throws IOException {
        return database.transact(tx -> {
            require(tx, resource);
            return of(tx, resource);
        });
    }

    static Map<String, String> of(Transaction tx, String resource) throws DatabaseException {
        var tags = new TreeMap<String, String>();
        for (var tag : Tables.TAGS.select(tx, "where resource = ?", resource)) {
            tags.put(tag.name(), tag.value());
        }
        return tags;
    }

    /// Adds tags, replacing those of the same names.
    ///
    /// @throws RefusalException if there is no such resource, or it would have too many
    public void put(String resource, Map<String, String> tags) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            require(tx, resource);
            put(tx, resource, tags);
            return null;
        });
    }

    static void put(Transaction tx, String resource, Map<String, String> tags)
            throws DatabaseException {
        var known = of(tx, resource);
        for (var entry : tags.entrySet()) {
            var tag = new Tag(resource, entry.getKey(), entry.getValue());
            if (known.put(tag.name(), tag.value()) == null) {
                Tables.TAGS.insert(tx, tag);
            } else {
                Tables.TAGS.update(tx, tag);
            }
        }
        if (known.size() > COUNT_MAX) {
            throw new RefusalException(
                    "malformed-tags",
                    String.format(
                            Locale.ROOT,
                            "%s would have %d tags: at most %d are allowed",
                            resource,
                            known.size(),
                            COUNT_MAX));
        }
    }

    /// Removes tags; those that there are not are no error.
    ///
    /// @throws RefusalException if there is no such resource
    public void remove(String resource, Collection<String> names) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            require(tx, resource);
            for (var name : names) {
                var tag = Tables.TAGS.find(tx, resource, name);
                if (tag.isPresent()) {
                    Tables.TAGS.delete(tx, tag.get());
                }
            }
            return null;
        });
    }

    /// Forgets all tags of a resource.
    static void forget(Transaction tx, String resource) throws DatabaseException {
        for (var tag : Tables.TAGS.select(tx, "where resource = ?", resource)) {
            Tables.TAGS.delete(tx, tag);
        }
    }

    /// Forgets the tags of what there is no more.
    void prune() throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var tag : Tables.TAGS.select(tx, "")) {
                if (!exists(tx, tag.resource())) {
                    Tables.TAGS.delete(tx, tag);
                }
            }
            return null;
        });
    }

    private static void require(Transaction tx, String resource) throws DatabaseException {
        if (!exists(tx, resource)) {
            throw new RefusalException(
                    "unknown-resource",
                    "there is no server, job, instance, template, plan, execution or source network "
                            + resource);
        }
    }

    private static boolean exists(Transaction tx, String resource) throws DatabaseException {
        return Servers.find(tx, resource).isPresent()
                || Tables.INSTANCES.find(tx, resource).isPresent()
                || Tables.JOBS.find(tx, resource).isPresent()
                || Tables.PLANS.find(tx, resource).isPresent()
                || Tables.EXECUTIONS.find(tx, resource).isPresent()
                || NetworkTables.SOURCES.find(tx, resource).isPresent()
                || !Tables.SETTINGS.select(tx, "where resource = ?", resource).isEmpty();
    }
}
