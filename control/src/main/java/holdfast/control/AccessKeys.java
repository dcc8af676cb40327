package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The access keys of AWS clients. Safe for any thread.
public final class AccessKeys {
    /// Keys at most: each is somebody's, or a program's.
    static final int COUNT_MAX = 1000;

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private static final int ID_RANDOM_LENGTH = 16;
    private static final int SECRET_BYTES = 30; // 40 characters, as AWS's

    private static final System.Logger AUDIT = System.getLogger("holdfast.audit");

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;

    AccessKeys(Database database, TimeSource time, RandomSource random) {
        this.database = database;
        this.time = time;
        this.random = random;
    }

    /// @throws RefusalException if there are too many
    public AccessKey create(AccessRole role) throws IOException {
        var secret = new byte[SECRET_BYTES];
        random.fill(secret);
        var key =
                new AccessKey(
                        newId(), Base64.getEncoder().encodeToString(secret), role, time.now());
        database.<@Nullable Void>transact(tx -> {
            if (Tables.ACCESS_KEYS.select(tx, "").size() >= COUNT_MAX) {
                throw new RefusalException(
                        "too-many-keys",
                        "there are " + COUNT_MAX + " access keys: delete those not in use");
            }
            Tables.ACCESS_KEYS.insert(tx, key);
            return null;
        });
        AUDIT.log(System.Logger.Level.INFO, "key={0} role={1} created", key.id(), role.text());
        return key;
    }

    private String newId() {
        var bytes = new byte[ID_RANDOM_LENGTH];
        random.fill(bytes);
        var id = new StringBuilder("AKIA");
        for (var b : bytes) {
            id.append(ALPHABET.charAt(b & 31));
        }
        return id.toString();
    }

    /// Oldest first.
    public List<AccessKey> list() throws IOException {
        return database.transact(tx -> Tables.ACCESS_KEYS.select(tx, "order by created_at, id"));
    }

    public Optional<AccessKey> find(String id) throws IOException {
        return database.transact(tx -> Tables.ACCESS_KEYS.find(tx, id));
    }

    /// From now on nothing that is signed with it is accepted.
    ///
    /// @throws RefusalException if there is none
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var key =
                    Tables.ACCESS_KEYS
                            .find(tx, id)
                            .orElseThrow(() ->
                                    new RefusalException(
                                            "unknown-key",
                                            String.format(
                                                    Locale.ROOT,
                                                    "no access key %s: `holdfast key list` shows those there are",
                                                    id)));
            Tables.ACCESS_KEYS.delete(tx, key);
            return null;
        });
        AUDIT.log(System.Logger.Level.INFO, "key={0} deleted", id);
    }
}
