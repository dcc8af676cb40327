package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.SessionControl;
import holdfast.volume.EncryptionKeyFiles;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The encryption keys of an account. A row says that there is one, a file holds it; a file without
/// a row, which a crash may leave, has never wrapped anything. Safe for any thread.
public final class EncryptionKeys {
    private static final int COUNT_MAX = 1000;

    private final Database database;
    private final VolumeStore store;
    private final EncryptionKeyFiles files;
    private final Accounts accounts;
    private final Settings<ReplicationSettings> settings;
    private final TimeSource time;
    private final RandomSource random;

    EncryptionKeys(
            Database database,
            VolumeStore store,
            EncryptionKeyFiles files,
            Accounts accounts,
            Settings<ReplicationSettings> settings,
            TimeSource time,
            RandomSource random) {
        this.database = database;
        this.store = store;
        this.files = files;
        this.accounts = accounts;
        this.settings = settings;
        this.time = time;
        this.random = random;
    }

    /// Makes a key; durable on return.
    ///
    /// @param name may be empty
    /// @throws RefusalException if the name is malformed, or there are too many
    public EncryptionKey.View create(String name) throws IOException {
        if (!name.isEmpty()) {
            Names.require("encryption-key", name);
        }
        return database.transact(tx -> {
            if (AccessTables.ENCRYPTION_KEYS.select(tx, "").size() >= COUNT_MAX) {
                throw new RefusalException(
                        "too-many-encryption-keys",
                        "there are " + COUNT_MAX + " encryption keys: delete those not in use");
            }
            var now = time.now().truncatedTo(ChronoUnit.MILLIS);
            var key = new EncryptionKey(files.create(random), name, now);
            AccessTables.ENCRYPTION_KEYS.insert(tx, key);
            return view(tx, key, Map.of());
        });
    }

    /// Oldest first.
    public List<EncryptionKey.View> list() throws IOException {
        var uses = files.uses();
        return database.transact(tx -> {
            var views = new ArrayList<EncryptionKey.View>();
            for (var key : AccessTables.ENCRYPTION_KEYS.select(tx, "order by created_at, id")) {
                views.add(view(tx, key, uses));
            }
            return views;
        });
    }

    /// @throws RefusalException if there is none
    public EncryptionKey get(UUID id) throws IOException {
        return database.transact(tx -> require(tx, id));
    }

    static EncryptionKey require(Transaction tx, UUID id) throws DatabaseException {
        return AccessTables.ENCRYPTION_KEYS
                .find(tx, id.toString())
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-encryption-key",
                                String.format(
                                        Locale.ROOT,
                                        "no encryption key %s: `holdfast encryption-keys create` makes one, `holdfast encryption-keys list` shows those there are",
                                        id)));
    }

    private String holder(Transaction tx, UUID id) throws DatabaseException {
        return Holdings.holder(tx, id.toString()).orElse(accounts.home(tx).id());
    }

    /// @throws RefusalException if the server's account has no such key, or its file is missing or
    ///   damaged
    void requireUsable(Transaction tx, UUID id, String server) throws IOException {
        require(tx, id);
        if (!Holdings.holder(tx, id.toString()).equals(Holdings.holder(tx, server))) {
            throw new RefusalException(
                    "unknown-encryption-key",
                    String.format(
                            Locale.ROOT,
                            "encryption key %s and server %s are of different accounts",
                            id,
                            server));
        }
        var fault = files.fault(id);
        if (fault.isPresent()) {
            throw new RefusalException(SessionControl.KEY_MISSING, fault.get());
        }
    }

    /// Destroys a key for good; harmless when repeated after a crash.
    ///
    /// @throws RefusalException if there is none, or a server or template uses it
    public void delete(UUID id) throws IOException {
        var uses = files.uses();
        database.<@Nullable Void>transact(tx -> {
            var view = view(tx, require(tx, id), uses);
            var users = new ArrayList<>(view.servers());
            users.addAll(view.templates());
            if (!users.isEmpty()) {
                throw new RefusalException(
                        "encryption-key-in-use",
                        String.format(
                                Locale.ROOT,
                                "encryption key %s is used by %s: assign another key there first",
                                id,
                                String.join(", ", users)));
            }
            files.destroy(id);
            AccessTables.ENCRYPTION_KEYS.delete(tx, view.key());
            return null;
        });
    }

    private EncryptionKey.View view(
            Transaction tx, EncryptionKey key, Map<UUID, Set<VolumeId>> uses) throws IOException {
        var servers = new TreeSet<String>();
        var templates = new TreeSet<String>();
        for (var user : settings.where(tx.whole(), one -> one.uses(key.id()))) {
            (settings.isTemplate(user) ? templates : servers).add(user);
        }
        for (var volume : uses.getOrDefault(key.id(), Set.of())) {
            store.find(volume).map(this::server).ifPresent(servers::add);
        }
        return new EncryptionKey.View(
                key,
                holder(tx, key.id()),
                files.file(key.id()).toString(),
                files.fault(key.id()),
                List.copyOf(servers),
                List.copyOf(templates));
    }

    /// Whose disk a volume is, or the volume that it was branched from.
    private String server(Volume volume) {
        return volume.origin()
                .flatMap(origin -> store.find(origin.parent()))
                .map(this::server)
                .orElse(volume.owner());
    }
}
