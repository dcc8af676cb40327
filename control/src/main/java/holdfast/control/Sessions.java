package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Whose signature a key's is, and credentials for a while.
///
/// A session is in no table: its token says everything about it and is sealed, so that there may be
/// any number. It ends early when its user or the key that it came of is deleted or not accepted
/// any more, or when the user may not assume its role any more.
///
/// Safe for any thread.
public final class Sessions {
    private static final String CONTEXT = "session";
    private static final int FORM = 1;

    private final Database database;
    private final AccessKeys keys;
    private final Accounts accounts;
    private final SecretBox box;
    private final TimeSource time;

    Sessions(
            Database database, AccessKeys keys, Accounts accounts, SecretBox box, TimeSource time) {
        this.database = database;
        this.accounts = accounts;
        this.keys = keys;
        this.box = box;
        this.time = time;
    }

    /// Credentials for a while.
    public record Credentials(String accessKey, String secret, String token, Instant expiresAt) {
        @Override
        public String toString() {
            return "Credentials[" + accessKey + "]";
        }
    }

    /// What a token says.
    ///
    /// @param parent the key that it came of
    /// @param assumed as [Assumed#text] has it
    private record Token(
            String accessKey,
            String secret,
            String user,
            String parent,
            Optional<String> assumed,
            String name,
            Instant expiresAt) {}

    /// @param token the session token that came along
    /// @return empty if the key is not known or not accepted
    /// @throws RefusalException with the code `token-expired`
    public Optional<Signer> signer(String accessKey, Optional<String> token) throws IOException {
        return database.transact(tx ->
                token.isPresent() ? ofSession(tx, accessKey, token.get()) : ofKey(tx, accessKey));
    }

    private Optional<Signer> ofKey(Transaction tx, String id) throws DatabaseException {
        var stored = AccessTables.KEYS.find(tx, id).filter(found -> found.key().usable(time.now()));
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        var user = Users.require(tx, stored.get().key().user());
        var role = Roles.require(tx, user.role());
        var holder = Holdings.holder(tx, Holdings.user(user.name()));
        return Optional.of(
                new Signer(
                        id,
                        keys.secret(stored.get()),
                        holder.isPresent() ? holder.get() : accounts.home(tx).id(),
                        user.name(),
                        role,
                        Optional.empty()));
    }

    private Optional<Signer> ofSession(Transaction tx, String accessKey, String sealed)
            throws IOException {
        var opened = box.open(CONTEXT, sealed);
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        var token = decoded(opened.get());
        if (!token.accessKey().equals(accessKey)) {
            return Optional.empty();
        }
        if (!time.now().isBefore(token.expiresAt())) {
            throw new RefusalException(
                    "token-expired",
                    "the session token expired at " + token.expiresAt() + ": ask for another");
        }
        var parent = ofKey(tx, token.parent());
        if (parent.isEmpty()) {
            return Optional.empty();
        }
        var role = parent.get().role();
        var account = parent.get().account();
        if (token.assumed().isPresent()) {
            var assumed = Assumed.of(token.assumed().get(), account);
            var now = assumable(tx, parent.get(), assumed);
            if (now.isEmpty()) {
                return Optional.empty();
            }
            role = now.get();
            account = assumed.account();
        }
        return Optional.of(
                new Signer(
                        accessKey,
                        token.secret(),
                        account,
                        token.user(),
                        role,
                        Optional.of(
                                new Signer.Session(
                                        token.assumed().map(text -> Assumed.of(text, "").role()),
                                        token.name(),
                                        token.expiresAt()))));
    }

    /// A role and the account as which its holder acts.
    private record Assumed(String account, String role) {
        /// @param text of a token: `<role>`, or `<account>/<role>` of another account than the
        ///   user's own
        static Assumed of(String text, String own) {
            var slash = text.indexOf('/');
            return slash < 0
                    ? new Assumed(own, text)
                    : new Assumed(text.substring(0, slash), text.substring(slash + 1));
        }

        String text(String own) {
            return account.equals(own) ? role : account + "/" + role;
        }
    }

    /// The role, if the caller may assume it there and it is there. Of other accounts only users of
    /// the home account may: what a role of theirs allows ends at their account.
    private Optional<Role> assumable(Transaction tx, Signer caller, Assumed assumed)
            throws DatabaseException {
        var elsewhere = !assumed.account().equals(caller.account());
        if (!caller.permits(assuming(caller, assumed.account(), assumed.role()))) {
            return Optional.empty();
        }
        if (elsewhere
                && (Holdings.holder(tx, Holdings.user(caller.user())).isPresent()
                        || !accounts.exists(tx, assumed.account()))) {
            return Optional.empty();
        }
        return Roles.find(tx, assumed.role());
    }

    /// The action that a role must allow for another to be assumed.
    ///
    /// @param account as which its holder is to act
    public static String assuming(Signer caller, String account, String role) {
        return "sts:AssumeRole/" + new Assumed(account, role).text(caller.account());
    }

    /// Credentials with which the user may do what its role allows.
    ///
    /// @param caller who asks, by a key that lasts
    public Credentials own(Signer caller, Duration validFor) {
        if (caller.session().isPresent()) {
            throw new RefusalException(
                    "session-of-session", "session credentials cannot make session credentials");
        }
        return issue(caller.accessKey(), caller.user(), Optional.empty(), "", validFor);
    }

    /// Credentials with which the user may do what another role allows.
    ///
    /// @param account as which; other than the caller's own only for users of the home account
    /// @throws RefusalException if there is no such role, the caller may not assume it, or has
    ///   assumed one already
    public Credentials assume(
            Signer caller, String account, String role, String name, Duration validFor)
            throws IOException {
        if (caller.session().isPresent()) {
            throw new RefusalException(
                    "session-of-session",
                    "session credentials cannot assume a role: use a user's key");
        }
        // the same answer whether there is such a role or not
        var assumed = new Assumed(account, role);
        if (database.transact(tx -> assumable(tx, caller, assumed)).isEmpty()) {
            throw new RefusalException(
                    "role-denied",
                    caller.user() + " may not assume the role " + role + " in account " + account);
        }
        var text = assumed.text(caller.account());
        return issue(caller.accessKey(), caller.user(), Optional.of(text), name, validFor);
    }

    private Credentials issue(
            String parent, String user, Optional<String> assumed, String name, Duration validFor) {
        // as clients are told it
        var expiresAt = Instant.ofEpochSecond(time.now().plus(validFor).getEpochSecond());
        var token =
                new Token(
                        keys.newId("ASIA"),
                        keys.newSecret(),
                        user,
                        parent,
                        assumed,
                        name,
                        expiresAt);
        return new Credentials(
                token.accessKey(), token.secret(), box.seal(CONTEXT, encoded(token)), expiresAt);
    }

    private static byte[] encoded(Token token) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeByte(FORM);
            out.writeUTF(token.accessKey());
            out.writeUTF(token.secret());
            out.writeUTF(token.user());
            out.writeUTF(token.parent());
            out.writeUTF(token.assumed().orElse(""));
            out.writeUTF(token.name());
            out.writeLong(token.expiresAt().getEpochSecond());
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    private static Token decoded(byte[] bytes) throws IOException {
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            var form = in.readByte();
            if (form != FORM) {
                throw new IOException("a session token of another version of Holdfast: " + form);
            }
            return new Token(
                    in.readUTF(),
                    in.readUTF(),
                    in.readUTF(),
                    in.readUTF(),
                    Optional.of(in.readUTF()).filter(role -> !role.isEmpty()),
                    in.readUTF(),
                    Instant.ofEpochSecond(in.readLong()));
        }
    }
}
