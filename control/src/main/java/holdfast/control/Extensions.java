package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Servers that an account has extended from another one, which must let it. Safe for any thread.
///
/// A row of such a server among the others is DISCONNECTED for good, so that no agent is ever let
/// in as it, and has what was known of the origin when it was extended; while it is as it should
/// be, the origin's row is shown in its place.
public final class Extensions {
    private final Database database;
    private final Accounts accounts;
    private final TimeSource time;
    private final RandomSource random;
    private final Settings<ReplicationSettings> replication;
    private final Settings<LaunchSettings> launch;
    private final Quotas quotas;

    /// @param launch has the template that extended servers begin with
    Extensions(
            Database database,
            Accounts accounts,
            TimeSource time,
            RandomSource random,
            Settings<ReplicationSettings> replication,
            Settings<LaunchSettings> launch,
            Quotas quotas) {
        this.database = database;
        this.accounts = accounts;
        this.time = time;
        this.random = random;
        this.replication = replication;
        this.launch = launch;
        this.quotas = quotas;
    }

    static Shown shown(Transaction tx, SourceServer row, Extension extension)
            throws DatabaseException {
        var fault = fault(tx, extension);
        var view = Optional.of(new Extension.View(extension, fault));
        if (fault.isPresent()) {
            var disconnected = new ReplicationState.Disconnected();
            return shown(row.in(disconnected, fault.get(), row.stateSince()), row.id(), view);
        }
        var origin = Tables.SERVERS.find(tx.whole(), extension.origin()).orElseThrow();
        return shown(origin.shownAs(row), origin.id(), view);
    }

    private static Shown shown(
            SourceServer server, String source, Optional<Extension.View> extension) {
        return new Shown(server, source, extension, Optional.empty(), Optional.empty());
    }

    /// Why it is not as it should be, if so.
    private static Optional<String> fault(Transaction tx, Extension extension)
            throws DatabaseException {
        var everything = tx.whole();
        var target = Accounts.holder(everything, extension.server());
        if (!Accounts.shared(everything, extension.account(), target)) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "account %s does not let account %s extend its servers any more",
                            extension.account(),
                            target));
        }
        var origin = Servers.row(everything, extension.origin());
        return origin.filter(row -> !(row.state() instanceof ReplicationState.Disconnected))
                        .isPresent()
                ? Optional.empty()
                : Optional.of(
                        String.format(
                                Locale.ROOT,
                                "server %s of account %s, which it is extended from, was disconnected there",
                                extension.origin(),
                                extension.account()));
    }

    static void requireIntact(Optional<String> fault, String server) {
        if (fault.isPresent()) {
            throw new RefusalException(
                    "extension-error", "server " + server + " is extended, and " + fault.get());
        }
    }

    /// @throws RefusalException if the server is extended, and not as it should be
    static void requireIntact(Transaction tx, String server) throws DatabaseException {
        var extension = AccessTables.EXTENSIONS.find(tx.whole(), server);
        if (extension.isPresent()) {
            requireIntact(fault(tx, extension.get()), server);
        }
    }

    /// @throws RefusalException if the server is extended: its replication is another account's
    static void refuse(Transaction tx, String server) throws DatabaseException {
        var extension = AccessTables.EXTENSIONS.find(tx.whole(), server);
        if (extension.isPresent()) {
            throw new RefusalException(
                    "server-extended",
                    String.format(
                            Locale.ROOT,
                            "server %s is extended from account %s: its replication is ordered there",
                            server,
                            extension.get().account()));
        }
    }

    /// Those that show a server.
    static List<Extension> of(Transaction tx, String origin) throws DatabaseException {
        return AccessTables.EXTENSIONS.select(tx.whole(), "where origin = ?", origin);
    }

    /// How the server, or that which it is extended from, is replicated.
    ///
    /// @throws RefusalException if there is none
    public ReplicationSettings replication(String server) throws IOException {
        return database.transact(tx -> {
            Servers.require(tx, server);
            var extension = AccessTables.EXTENSIONS.find(tx, server);
            return replication.of(tx, extension.map(Extension::origin).orElse(server));
        });
    }

    /// The accounts from which the caller's has extended servers.
    public List<String> stagingAccounts() throws IOException {
        return database.transact(tx ->
                AccessTables.EXTENSIONS.select(tx, "order by account").stream()
                        .map(Extension::account)
                        .distinct()
                        .toList());
    }

    /// A server that may be extended.
    public record Extensible(SourceServer server, Map<String, String> tags) {}

    /// Servers of an account that the caller's may extend and has not, by their ids.
    ///
    /// @throws RefusalException if that account does not let it
    public List<Extensible> extensible(String account) throws IOException {
        return database.transact(tx -> {
            requireShared(tx, account);
            var extended =
                    AccessTables.EXTENSIONS.select(tx, "").stream().map(Extension::origin).toList();
            var others = tx.in(accounts.scope(tx, account));
            var found = new ArrayList<Extensible>();
            for (var row : Tables.SERVERS.select(others, "order by id")) {
                if (replicates(row) && !extended.contains(row.id())) { // extended ones do not
                    found.add(new Extensible(row, Tags.of(tx, row.id())));
                }
            }
            return found;
        });
    }

    private static boolean replicates(SourceServer row) {
        return !row.state().idle();
    }

    /// The same answer whether there is such an account or not.
    private void requireShared(Transaction tx, String account) throws DatabaseException {
        var target = accounts.current(tx).id();
        if (!Accounts.shared(tx, account, target)) {
            throw new RefusalException(
                    "account-not-shared",
                    String.format(
                            Locale.ROOT,
                            "account %s does not let account %s extend its servers: an operator of the installation can, with `holdfast account share`",
                            account,
                            target));
        }
    }

    /// Has a server of another account shown and recovered in the caller's.
    ///
    /// @param account that has it
    /// @return the id that it has here
    /// @throws RefusalException if that account does not let it, one more server would be too many,
    ///   it has no such server, or the server does not replicate, is extended itself, or is
    ///   extended here already
    public String create(String account, String origin, Map<String, String> tags)
            throws IOException {
        return database.transact(tx -> {
            requireShared(tx, account);
            quotas.requireServer(tx);
            var others = tx.in(accounts.scope(tx, account));
            var row = Servers.row(others, origin).orElseThrow(() -> Servers.unknown(origin));
            requireExtensible(tx, others, row);
            var now = time.now();
            var server =
                    new SourceServer(
                            random.nextId("s"),
                            row.hostname(),
                            new ReplicationState.Disconnected(),
                            "extended from " + origin + " of account " + account,
                            now,
                            now,
                            Optional.empty(),
                            row.machine(),
                            Optional.empty(),
                            row.disks());
            Tables.SERVERS.insert(tx, server);
            AccessTables.EXTENSIONS.insert(tx, new Extension(server.id(), origin, account));
            for (var template : launch.adopt(tx, server.id())) {
                LaunchActions.adopt(tx, template.id(), server.id());
            }
            Tags.put(tx, server.id(), tags);
            return server.id();
        });
    }

    private static void requireExtensible(Transaction tx, Transaction others, SourceServer row)
            throws DatabaseException {
        var id = row.id();
        if (AccessTables.EXTENSIONS.find(others, id).isPresent()) {
            throw new RefusalException(
                    "malformed-extension",
                    "server "
                            + id
                            + " is extended itself: extend the one that it is extended from");
        }
        if (AccessTables.REVERSALS.find(others, id).isPresent()) {
            throw new RefusalException(
                    "malformed-extension",
                    "server "
                            + id
                            + " is made of a recovery instance, and such ones are not extended");
        }
        if (!replicates(row)) {
            throw new RefusalException(
                    "malformed-extension",
                    String.format(
                            Locale.ROOT,
                            "server %s is %s: only one that replicates can be extended",
                            id,
                            row.state().name()));
        }
        for (var known : AccessTables.EXTENSIONS.select(tx, "where origin = ?", id)) {
            throw new RefusalException(
                    "malformed-extension",
                    String.format(
                            Locale.ROOT,
                            "server %s is extended as %s already",
                            id,
                            known.server()));
        }
    }

    /// The server is shown here no more as what it was extended from.
    static void detach(Transaction tx, SourceServer shown, Instant now) throws DatabaseException {
        var extension = AccessTables.EXTENSIONS.find(tx, shown.id());
        if (extension.isPresent()) {
            AccessTables.EXTENSIONS.delete(tx, extension.get());
            var detached =
                    shown.silent()
                            .in(
                                    new ReplicationState.Disconnected(),
                                    "disconnected by the operator, from "
                                            + extension.get().origin()
                                            + " of account "
                                            + extension.get().account(),
                                    now);
            Tables.SERVERS.update(tx, detached);
        }
    }
}
