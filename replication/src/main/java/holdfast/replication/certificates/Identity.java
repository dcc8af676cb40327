package holdfast.replication.certificates;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// A private key and the certificates that vouch for it: the holder's own first, then the
/// installation's authority.
///
/// @param key never leaves the process but into the file of [#save]
/// @param chain the holder's certificate and the authority's
public record Identity(PrivateKey key, List<X509Certificate> chain) {
    /// @throws IllegalArgumentException if the chain does not have exactly the two certificates
    public Identity {
        chain = List.copyOf(chain);
        if (chain.size() != 2) {
            throw new IllegalArgumentException(
                    "chain of " + chain.size() + " certificates, expected 2");
        }
    }

    /// Reads what [#save] wrote.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none: enrol first
    /// @throws IOException if the file holds anything else
    public static Identity load(Filesystem files, Path file) throws IOException {
        var text = PrivateFiles.read(files, file);
        var key = Pem.key(file.toString(), text);
        var chain = Pem.certificates(file.toString(), text);
        if (chain.size() != 2) {
            throw new IOException(
                    file
                            + ": found "
                            + chain.size()
                            + " certificates, expected the holder's and the authority's");
        }
        return new Identity(key, chain);
    }

    /// Writes key and chain into one file in PEM form, readable by its owner only; durable on
    /// return.
    public void save(Filesystem files, Path file) throws IOException {
        var text = new StringBuilder(Pem.encode(Pem.KEY, key.getEncoded()));
        chain.forEach(certificate -> text.append(Pem.encode(certificate)));
        PrivateFiles.write(files, file, text.toString());
    }

    /// Whom the certificate names: for an agent its server's id.
    public String name() {
        return Issuance.nameOf(certificate());
    }

    public X509Certificate certificate() {
        return chain.getFirst();
    }

    /// The installation's authority.
    public X509Certificate authority() {
        return chain.getLast();
    }

    /// Until when the certificate is valid.
    public Instant expiresAt() {
        return certificate().getNotAfter().toInstant();
    }

    /// When the last third of the certificate's life begins: from then on it should be renewed,
    /// which leaves months to mend what prevents it.
    public Instant renewalDueAt() {
        return expiresAt().minus(life().dividedBy(3));
    }

    /// Whether the time is not within the first half of the certificate's life.
    boolean agedOrFuture(Instant now) {
        var from = certificate().getNotBefore().toInstant();
        return now.isBefore(from) || now.isAfter(from.plus(life().dividedBy(2)));
    }

    private Duration life() {
        return Duration.between(certificate().getNotBefore().toInstant(), expiresAt());
    }

    /// @throws UntrustedCertificateException if the certificate is not valid at that time; the
    ///   message says until when it was and what to do
    public void checkValid(Instant now) throws UntrustedCertificateException {
        Issuance.checkValid(certificate(), now);
    }

    @Override
    public String toString() {
        return "Identity[" + name() + "]"; // not the key
    }
}
