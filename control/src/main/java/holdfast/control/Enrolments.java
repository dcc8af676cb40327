package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One-time enrolment tokens, and the servers they admit. Safe for any thread.
public final class Enrolments {
    /// Long enough to install a handful of servers, short enough that a forgotten one is harmless.
    static final Duration VALID_FOR = Duration.ofHours(24);

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;
    private final Settings<ReplicationSettings> replication;
    private final Settings<LaunchSettings> launch;
    private final Quotas quotas;

    /// @param replication and
    /// @param launch have the templates that new servers begin with
    Enrolments(
            Database database,
            TimeSource time,
            RandomSource random,
            Settings<ReplicationSettings> replication,
            Settings<LaunchSettings> launch,
            Quotas quotas) {
        this.database = database;
        this.time = time;
        this.random = random;
        this.replication = replication;
        this.launch = launch;
        this.quotas = quotas;
    }

    /// Lets a token be used for one server within the next 24 hours; keeps its hash only.
    ///
    /// @return when it expires
    public Instant admit(String token) throws IOException {
        return admit(token, Optional.empty());
    }

    /// Lets a token be used within the next 24 hours.
    ///
    /// @param instance that its holder is to be the agent of; empty for a new server
    /// @return when it expires
    /// @throws RefusalException if there is no such instance, or it cannot run elsewhere
    public Instant admit(String token, Optional<String> instance) throws IOException {
        var now = time.now();
        var expiresAt = now.plus(VALID_FOR);
        var fresh = new AdmittedToken(hash(token), now, expiresAt, Optional.empty(), instance);
        database.<@Nullable Void>transact(tx -> {
            if (instance.isPresent()) {
                ElsewhereInstances.requirePossible(tx, instance.get());
            }
            Tables.TOKENS.insert(tx, fresh);
            return null;
        });
        return expiresAt;
    }

    /// The instance that a token is for, if it is for one; says nothing of whether it is good.
    public Optional<String> instance(String token) throws IOException {
        return database.transact(tx -> Tables.TOKENS.find(tx, hash(token)))
                .flatMap(AdmittedToken::serverId)
                .filter(ElsewhereInstances::isInstance);
    }

    /// Uses a token up and makes a server, both or neither.
    ///
    /// @param certify issues the server's certificate for the id it is given; called before the
    ///   token is used, so that a request it refuses costs no token
    /// @return the new server and what `certify` returned
    /// @throws RefusalException if the token is unknown, used or expired
    public <C> Enrolment<C> enrol(String token, String hostname, Certifier<C> certify)
            throws IOException {
        return enrol(hostname, certify, (tx, server) -> use(tx, token, server.id(), time.now()));
    }

    /// Makes a server for somebody who was let in already.
    ///
    /// @param certify issues the server's certificate for the id it is given
    public <C> Enrolment<C> enrol(String hostname, Certifier<C> certify) throws IOException {
        return enrol(hostname, certify, (_, _) -> {});
    }

    private <C> Enrolment<C> enrol(String hostname, Certifier<C> certify, Condition condition)
            throws IOException {
        var now = time.now();
        var server =
                new SourceServer(
                        random.nextId("s"),
                        hostname,
                        new ReplicationState.Initiating(),
                        "enrolled; waiting for the agent's first session",
                        now,
                        now,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of());
        var certificate = certify.certify(server.id());
        database.<@Nullable Void>transact(tx -> {
            condition.require(tx, server);
            quotas.requireServer(tx);
            Tables.SERVERS.insert(tx, server);
            replication.adopt(tx, server.id());
            for (var template : launch.adopt(tx, server.id())) {
                LaunchActions.adopt(tx, template.id(), server.id());
            }
            return null;
        });
        return new Enrolment<>(server, certificate);
    }

    /// What must hold in the transaction that makes the server.
    @FunctionalInterface
    private interface Condition {
        void require(Transaction tx, SourceServer server) throws IOException;
    }

    /// Uses the token up for a server, in the transaction that makes that server; or for the
    /// instance that it is for.
    ///
    /// @throws RefusalException if it is unknown, used or expired, or for something else
    static void use(Transaction tx, String token, String serverId, Instant now)
            throws DatabaseException {
        var known =
                Tables.TOKENS
                        .find(tx, hash(token))
                        .orElseThrow(() ->
                                new RefusalException(
                                        "token-unknown",
                                        "this enrolment token is not one of ours: make one on the Holdfast server with `holdfast token create`"));
        if (known.usedAt().isPresent()) {
            throw new RefusalException(
                    "token-used",
                    String.format(
                            Locale.ROOT,
                            "this enrolment token was used at %s by server %s, and each works once: make another with `holdfast token create`",
                            known.usedAt().get(),
                            known.serverId().orElseThrow()));
        }
        if (known.serverId().filter(id -> !id.equals(serverId)).isPresent()) {
            throw new RefusalException(
                    "token-for-another",
                    "this enrolment token is for the agent of " + known.serverId().get());
        }
        if (!now.isBefore(known.expiresAt())) {
            throw new RefusalException(
                    "token-expired",
                    String.format(
                            Locale.ROOT,
                            "this enrolment token expired at %s: make another with `holdfast token create`",
                            known.expiresAt()));
        }
        Tables.TOKENS.update(tx, known.usedBy(serverId, now));
    }

    /// Forgets tokens that expired before that time.
    void prune(Instant before) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var old :
                    Tables.TOKENS.select(tx, "where expires_at < ?", before.toEpochMilli())) {
                Tables.TOKENS.delete(tx, old);
            }
            return null;
        });
    }

    /// A plain hash is enough: the token is random and long, so it cannot be guessed from it.
    private static String hash(String token) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Issues a certificate.
    @FunctionalInterface
    public interface Certifier<C> {
        C certify(String serverId) throws IOException;
    }

    /// A new server and its certificate.
    public record Enrolment<C>(SourceServer server, C certificate) {}
}
