package holdfast.replication;

import holdfast.base.RefusalException;
import holdfast.replication.certificates.PeerCertificate;
import holdfast.replication.certificates.UntrustedCertificateException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What proves who a session's agent is: the certificate of its connection, or a newer one that it
/// was given since. Whoever asks for that has shown the older one and holds the key of the newer
/// one, so the session goes on when the older one expires.
///
/// Requests come from the thread that receives; [#checkValid] is for any.
final class SessionCertificate {
    private static final System.Logger LOG = System.getLogger(SessionCertificate.class.getName());

    /// Signing costs a processor's millisecond, which a peer must not have for nothing at will.
    private static final Duration APART = Duration.ofSeconds(10);

    private final Services services;
    private final String serverId;
    private volatile PeerCertificate newest;
    private Optional<Long> askedNanos = Optional.empty();

    SessionCertificate(PeerCertificate shown, Services services) {
        this.services = services;
        this.serverId = shown.name();
        this.newest = shown;
    }

    /// @throws UntrustedCertificateException if the session has to end
    void checkValid(Instant now) throws UntrustedCertificateException {
        newest.checkValid(now);
    }

    /// A certificate for the session's own server, whatever the request says; or why not. Whatever
    /// goes wrong here is for the answer to say, and no reason to end the session.
    Frame.Certificate renew(byte[] request) {
        try {
            var chain = issue(request);
            LOG.log(
                    System.Logger.Level.INFO,
                    "event=certificate-renewed server={0} expires={1}",
                    serverId,
                    newest.expiresAt());
            return new Frame.Certificate("", chain);
        } catch (RefusalException
                | IllegalArgumentException
                | UntrustedCertificateException
                | IOException e) {
            return refused(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "event=renewal-broken server=" + serverId, e);
            return refused("the replicator met an error; see its log");
        }
    }

    private List<byte[]> issue(byte[] request) throws IOException, UntrustedCertificateException {
        var now = services.time().nanoTime();
        if (askedNanos.isPresent() && now - askedNanos.get() < APART.toNanos()) {
            throw new RefusalException(
                    "too-early", "asked twice within " + APART.toSeconds() + " s");
        }
        askedNanos = Optional.of(now);
        newest.checkValid(services.time().now());
        services.host().renewing(serverId);
        var issued = services.authority().renew(request, serverId);
        newest = new PeerCertificate(issued.getFirst());
        services.host().certified(serverId, newest.expiresAt());
        return issued.stream().map(one -> new PeerCertificate(one).encoded()).toList();
    }

    private Frame.Certificate refused(String why) {
        LOG.log(
                System.Logger.Level.WARNING,
                "event=certificate-not-renewed server={0} reason={1}",
                serverId,
                why);
        return new Frame.Certificate(why.isBlank() ? "no reason is known" : why, List.of());
    }
}
