package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Settings of one kind: those of servers, and the template that servers enrolled later begin with.
/// A template's change does not reach servers that there are. Safe for any thread.
public final class Settings<S> {
    /// Which one a new server takes must not be in doubt.
    private static final int TEMPLATES_MAX = 1;

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;
    private final Kind<S> kind;

    /// What kinds differ in.
    ///
    /// @param name in the database
    /// @param idPrefix of templates, without the hyphen
    /// @param defaults of servers for which nothing was ever set
    /// @param write to JSON
    /// @param read what was written
    record Kind<S>(
            String name,
            String idPrefix,
            S defaults,
            Function<S, String> write,
            Function<String, S> read) {}

    /// @param id prefix and 17 hex digits
    public record Template<S>(String id, Instant createdAt, S settings) {}

    /// @param resource a server or a template
    record Kept(String resource, String kind, Instant createdAt, String settings) {}

    Settings(Database database, TimeSource time, RandomSource random, Kind<S> kind) {
        this.database = database;
        this.time = time;
        this.random = random;
        this.kind = kind;
    }

    /// @throws RefusalException if there is no such server
    public S of(String server) throws IOException {
        return database.transact(tx -> {
            Servers.require(tx, server);
            return of(tx, server);
        });
    }

    S of(Transaction tx, String server) throws DatabaseException {
        return Tables.SETTINGS
                .find(tx, server, kind.name())
                .map(kept -> kind.read().apply(kept.settings()))
                .orElse(kind.defaults());
    }

    /// Servers and templates whose settings are such.
    List<String> where(Transaction tx, Predicate<S> such) throws DatabaseException {
        return Tables.SETTINGS.select(tx, "where kind = ? order by resource", kind.name()).stream()
                .filter(kept -> such.test(kind.read().apply(kept.settings())))
                .map(Kept::resource)
                .toList();
    }

    boolean isTemplate(String resource) {
        return resource.startsWith(kind.idPrefix() + "-");
    }

    /// Changes those of a server.
    ///
    /// @throws RefusalException if there is no such server
    public S change(String server, UnaryOperator<S> change) throws IOException {
        return database.transact(tx -> {
            Servers.require(tx, server);
            var changed = change.apply(of(tx, server));
            put(tx, server, changed);
            return changed;
        });
    }

    /// The one template, or none.
    public List<Template<S>> templates() throws IOException {
        return database.transact(this::templates);
    }

    private List<Template<S>> templates(Transaction tx) throws DatabaseException {
        return Tables.SETTINGS
                .select(
                        tx,
                        "where kind = ? and resource like ? order by created_at, resource",
                        kind.name(),
                        kind.idPrefix() + "-%")
                .stream()
                .map(this::template)
                .toList();
    }

    private Template<S> template(Kept kept) {
        return new Template<>(
                kept.resource(), kept.createdAt(), kind.read().apply(kept.settings()));
    }

    /// @param change of the defaults
    /// @throws RefusalException if there are as many as there may be
    public Template<S> createTemplate(UnaryOperator<S> change, Map<String, String> tags)
            throws IOException {
        return database.transact(tx -> {
            var known = templates(tx);
            if (known.size() >= TEMPLATES_MAX) {
                throw new RefusalException(
                        "too-many-templates",
                        String.format(
                                Locale.ROOT,
                                "there is the template %s already: change that, or delete it first",
                                known.getFirst().id()));
            }
            var id = random.nextId(kind.idPrefix());
            put(tx, id, change.apply(kind.defaults()));
            Holdings.claim(tx, id, Optional.empty());
            Tags.put(tx, id, tags);
            return requireTemplate(tx, id);
        });
    }

    /// @throws RefusalException if there is none
    public Template<S> template(String id) throws IOException {
        return database.transact(tx -> requireTemplate(tx, id));
    }

    /// @throws RefusalException if there is none
    public Template<S> changeTemplate(String id, UnaryOperator<S> change) throws IOException {
        return database.transact(tx -> {
            put(tx, id, change.apply(requireTemplate(tx, id).settings()));
            return requireTemplate(tx, id);
        });
    }

    /// @throws RefusalException if there is none
    public void deleteTemplate(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            requireTemplate(tx, id);
            forget(tx, id);
            LaunchActions.forget(tx, id);
            Tags.forget(tx, id);
            Holdings.forget(tx, id);
            return null;
        });
    }

    private Template<S> requireTemplate(Transaction tx, String id) throws DatabaseException {
        return Tables.SETTINGS
                .find(tx, id, kind.name())
                .filter(_ -> isTemplate(id))
                .map(this::template)
                .orElseThrow(() -> new RefusalException("unknown-template", "no template " + id));
    }

    /// A new server begins with the template of the account that has it.
    ///
    /// @return the template, if there is one
    List<Template<S>> adopt(Transaction tx, String server) throws DatabaseException {
        var found = templates(tx.in(new Scope(Holdings.holder(tx, server))));
        for (var template : found) {
            put(tx, server, template.settings());
        }
        return found;
    }

    /// Forgets all settings of a server or template.
    static void forget(Transaction tx, String resource) throws DatabaseException {
        for (var kept : Tables.SETTINGS.select(tx, "where resource = ?", resource)) {
            Tables.SETTINGS.delete(tx, kept);
        }
    }

    private void put(Transaction tx, String resource, S settings) throws DatabaseException {
        var text = kind.write().apply(settings);
        var known = Tables.SETTINGS.find(tx, resource, kind.name());
        if (known.isPresent()) {
            Tables.SETTINGS.update(
                    tx, new Kept(resource, kind.name(), known.get().createdAt(), text));
        } else {
            Tables.SETTINGS.insert(tx, new Kept(resource, kind.name(), time.now(), text));
        }
    }
}
