package holdfast.control;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// The tables of accounts, of who may do what in them, and of servers that are shown as what others
/// are, and of encryption keys.
final class AccessTables {
    /// The home account, one row at most.
    static final Table<Account> ACCOUNT =
            new Table<>(
                    "account",
                    List.of("id"),
                    List.of("id", "initialized_at"),
                    account ->
                            Tables.values(
                                    "id", account.id(), "initialized_at", account.initializedAt()),
                    row ->
                            new Account(
                                    row.text("id"),
                                    Account.HOME_NAME,
                                    true,
                                    row.optionalInstant("initialized_at")));

    static final Table<Account> FURTHER_ACCOUNTS =
            new Table<>(
                    "accounts",
                    List.of("id"),
                    List.of("id", "name", "initialized_at"),
                    account ->
                            Tables.values(
                                    "id", account.id(),
                                    "name", account.name(),
                                    "initialized_at", account.initializedAt()),
                    row ->
                            new Account(
                                    row.text("id"),
                                    row.text("name"),
                                    false,
                                    row.optionalInstant("initialized_at")));

    static final Table<Holdings.Holding> HOLDINGS =
            new Table<>(
                    "holdings",
                    List.of("resource"),
                    List.of("resource", "account"),
                    holding ->
                            Tables.values(
                                    "resource", holding.resource(), "account", holding.account()),
                    row -> new Holdings.Holding(row.text("resource"), row.text("account")));

    static final Table<Accounts.Share> SHARES =
            new Table<>(
                    "shares",
                    List.of("account", "target"),
                    List.of("account", "target"),
                    share -> Tables.values("account", share.account(), "target", share.target()),
                    row -> new Accounts.Share(row.text("account"), row.text("target")));

    static final Table<Extension> EXTENSIONS =
            new Table<>(
                            "extensions",
                            List.of("server_id"),
                            List.of("server_id", "origin", "account"),
                            (Extension extension) ->
                                    Tables.values(
                                            "server_id", extension.server(),
                                            "origin", extension.origin(),
                                            "account", extension.account()),
                            row ->
                                    new Extension(
                                            row.text("server_id"),
                                            row.text("origin"),
                                            row.text("account")))
                    .heldThrough("server_id");

    /// Of the schema's second version; emptied at the first start of a later one.
    static final Table<StoredKey.Legacy> LEGACY_KEYS =
            new Table<>(
                    "access_keys",
                    List.of("id"),
                    List.of("id", "secret", "role", "created_at"),
                    key ->
                            Tables.values(
                                    "id", key.id(),
                                    "secret", key.secret(),
                                    "role", key.role(),
                                    "created_at", key.createdAt()),
                    row ->
                            new StoredKey.Legacy(
                                    row.text("id"),
                                    row.text("secret"),
                                    row.text("role"),
                                    row.instant("created_at")));

    static final Table<User> USERS =
            new Table<>(
                    "users",
                    List.of("name"),
                    List.of("name", "role", "created_at"),
                    user ->
                            Tables.values(
                                    "name", user.name(),
                                    "role", user.role(),
                                    "created_at", user.createdAt()),
                    row -> new User(row.text("name"), row.text("role"), row.instant("created_at")));

    /// Actions have no blanks.
    static final Table<Role> ROLES =
            new Table<>(
                    "roles",
                    List.of("name"),
                    List.of("name", "actions"),
                    role ->
                            Tables.values(
                                    "name", role.name(),
                                    "actions", String.join(" ", role.actions())),
                    row ->
                            new Role(
                                    row.text("name"),
                                    List.of(row.text("actions").split(" ")),
                                    false));

    static final Table<StoredKey> KEYS =
            new Table<>(
                    "user_keys",
                    List.of("id"),
                    List.of("id", "user_name", "sealed", "active", "created_at", "expires_at"),
                    stored ->
                            Tables.values(
                                    "id", stored.key().id(),
                                    "user_name", stored.key().user(),
                                    "sealed", stored.sealed(),
                                    "active", stored.key().active() ? 1L : 0L,
                                    "created_at", stored.key().createdAt(),
                                    "expires_at", stored.key().expiresAt()),
                    row ->
                            new StoredKey(
                                    new AccessKey(
                                            row.text("id"),
                                            row.text("user_name"),
                                            row.flag("active"),
                                            row.instant("created_at"),
                                            row.optionalInstant("expires_at")),
                                    row.text("sealed")));

    static final Table<UsedSignatures.Used> USED_SIGNATURES =
            new Table<>(
                    "used_signatures",
                    List.of("signature"),
                    List.of("signature", "until"),
                    used -> Tables.values("signature", used.signature(), "until", used.until()),
                    row -> new UsedSignatures.Used(row.text("signature"), row.instant("until")));

    static final Table<Reversal> REVERSALS =
            new Table<>(
                            "reversals",
                            List.of("server_id"),
                            List.of("server_id", "instance_id", "origin"),
                            (Reversal reversal) ->
                                    Tables.values(
                                            "server_id", reversal.server(),
                                            "instance_id", reversal.instance(),
                                            "origin", reversal.origin()),
                            row ->
                                    new Reversal(
                                            row.text("server_id"),
                                            row.text("instance_id"),
                                            row.text("origin")))
                    .heldThrough("server_id");

    static final Table<EncryptionKey> ENCRYPTION_KEYS =
            new Table<>(
                            "encryption_keys",
                            List.of("id"),
                            List.of("id", "name", "created_at"),
                            (EncryptionKey key) ->
                                    Tables.values(
                                            "id", key.id().toString(),
                                            "name", key.name(),
                                            "created_at", key.createdAt()),
                            row ->
                                    new EncryptionKey(
                                            UUID.fromString(row.text("id")),
                                            row.text("name"),
                                            row.instant("created_at")))
                    .held(_ -> Optional.empty());

    static final List<Table<?>> ALL =
            List.of(
                    ACCOUNT,
                    FURTHER_ACCOUNTS,
                    HOLDINGS,
                    SHARES,
                    EXTENSIONS,
                    REVERSALS,
                    LEGACY_KEYS,
                    USERS,
                    ROLES,
                    KEYS,
                    USED_SIGNATURES,
                    ENCRYPTION_KEYS);

    private AccessTables() {}
}
