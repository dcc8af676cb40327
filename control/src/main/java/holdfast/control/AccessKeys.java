package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The access keys of AWS clients: each a user's, several a user if need be. Their secrets are kept
/// sealed, since signatures can only be verified with them. Safe for any thread.
public final class AccessKeys {
    /// Keys at most: each is somebody's, or a program's.
    static final int COUNT_MAX = 1000;

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private static final int ID_RANDOM_LENGTH = 16;
    private static final int SECRET_BYTES = 30; // 40 characters, as AWS's

    private final Database database;
    private final Users users;
    private final SecretBox box;
    private final TimeSource time;
    private final RandomSource random;

    AccessKeys(
            Database database, Users users, SecretBox box, TimeSource time, RandomSource random) {
        this.database = database;
        this.users = users;
        this.box = box;
        this.time = time;
        this.random = random;
    }

    /// @throws RefusalException if there is no such user, or there are too many keys
    public AccessKey.Created create(String user) throws IOException {
        return database.transact(tx -> create(tx, user));
    }

    private AccessKey.Created create(Transaction tx, String user) throws DatabaseException {
        Users.require(tx, user);
        if (AccessTables.KEYS.select(tx, "").size() >= COUNT_MAX) {
            throw new RefusalException(
                    "too-many-keys",
                    "there are " + COUNT_MAX + " access keys: delete those not in use");
        }
        var made = new AccessKey(newId("AKIA"), user, true, time.now(), Optional.empty());
        var secret = newSecret();
        AccessTables.KEYS.insert(tx, new StoredKey(made, sealed(made.id(), secret)));
        return new AccessKey.Created(made, secret);
    }

    /// The key of a first user, which may do everything.
    public AccessKey.Created createFirst() throws IOException {
        return database.transact(tx -> {
            if (AccessTables.USERS.find(tx, Role.ADMIN.name()).isEmpty()) {
                users.create(tx, Role.ADMIN.name(), Role.ADMIN.name());
            }
            return create(tx, Role.ADMIN.name());
        });
    }

    /// @param prefix `AKIA` of a key that lasts, `ASIA` of a session's
    String newId(String prefix) {
        var bytes = new byte[ID_RANDOM_LENGTH];
        random.fill(bytes);
        var id = new StringBuilder(prefix);
        for (var b : bytes) {
            id.append(ALPHABET.charAt(b & 31));
        }
        return id.toString();
    }

    String newSecret() {
        var secret = new byte[SECRET_BYTES];
        random.fill(secret);
        return Base64.getEncoder().encodeToString(secret);
    }

    private String sealed(String id, String secret) {
        return box.seal(context(id), secret.getBytes(StandardCharsets.UTF_8));
    }

    private static String context(String id) {
        return "key " + id;
    }

    /// @throws DatabaseException if it does not open, as under another master key
    String secret(StoredKey stored) throws DatabaseException {
        var id = stored.key().id();
        return box.open(context(id), stored.sealed())
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .orElseThrow(() ->
                        new DatabaseException(
                                "access key "
                                        + id
                                        + ": its secret does not open with this installation's master key"));
    }

    /// Oldest first.
    public List<AccessKey> list() throws IOException {
        return database.transact(tx ->
                AccessTables.KEYS.select(tx, "order by created_at, id").stream()
                        .map(StoredKey::key)
                        .toList());
    }

    /// Has what the key signs accepted, or not any more.
    ///
    /// @throws RefusalException if there is none
    public AccessKey activate(String id, boolean active) throws IOException {
        return database.transact(tx -> {
            var stored = require(tx, id);
            var key = stored.key();
            var changed = new AccessKey(id, key.user(), active, key.createdAt(), key.expiresAt());
            AccessTables.KEYS.update(tx, new StoredKey(changed, stored.sealed()));
            return changed;
        });
    }

    /// Makes another key for the same user, which takes this one's place.
    ///
    /// @param oldValidFor how long this one is still accepted, so that its holders can change over
    /// @throws RefusalException if there is none, it is not accepted as it is, or there are too
    ///   many
    public AccessKey.Created rotate(String id, Duration oldValidFor) throws IOException {
        return database.transact(tx -> {
            var stored = require(tx, id);
            var key = stored.key();
            if (!key.usable(time.now())) {
                throw new RefusalException(
                        "key-inactive",
                        id + " is not accepted as it is: make a new key for user " + key.user());
            }
            var made = create(tx, key.user());
            var end = time.now().plus(oldValidFor);
            var ending =
                    new AccessKey(
                            id,
                            key.user(),
                            true,
                            key.createdAt(),
                            Optional.of(key.expiresAt().filter(end::isAfter).orElse(end)));
            AccessTables.KEYS.update(tx, new StoredKey(ending, stored.sealed()));
            return made;
        });
    }

    /// From now on nothing that is signed with it, or with session credentials that came of it, is
    /// accepted.
    ///
    /// @throws RefusalException if there is none
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            AccessTables.KEYS.delete(tx, require(tx, id));
            return null;
        });
    }

    private static StoredKey require(Transaction tx, String id) throws DatabaseException {
        return AccessTables.KEYS
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-key",
                                String.format(
                                        Locale.ROOT,
                                        "no access key %s: `holdfast key list` shows those there are",
                                        id)));
    }

    /// Seals the secrets that an earlier version kept as they were, and gives each key's role a
    /// user of its name.
    void adoptLegacy() throws IOException {
        var adopted =
                database.transact(tx -> {
                    var old = AccessTables.LEGACY_KEYS.select(tx, "");
                    for (var legacy : old) {
                        var user = legacy.role().toLowerCase(Locale.ROOT).replace('_', '-');
                        if (AccessTables.USERS.find(tx, user).isEmpty()) {
                            users.create(tx, user, user);
                        }
                        var key =
                                new AccessKey(
                                        legacy.id(),
                                        user,
                                        true,
                                        legacy.createdAt(),
                                        Optional.empty());
                        AccessTables.KEYS.insert(
                                tx, new StoredKey(key, sealed(key.id(), legacy.secret())));
                        AccessTables.LEGACY_KEYS.delete(tx, legacy);
                    }
                    return old.size();
                });
        if (adopted > 0) {
            database.compact(); // or secrets of keys deleted before would stay in free pages
        }
    }
}
