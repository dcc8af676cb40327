package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// An agent's side of enrolment and of renewal: a new key that never leaves the agent, and the
/// request to certify it (PKCS #10, RFC 2986).
///
/// @param keys the new pair
/// @param pem the request, signed with the private key to prove that the asker holds it
public record CertificateRequest(KeyPair keys, String pem) {
    /// @param hostname only for whoever looks at the request; the server decides on the name
    public static CertificateRequest create(RandomSource random, String hostname) {
        var keys = Keys.generate(random);
        try {
            var name = new X500NameBuilder().addRDN(BCStyle.CN, hostname).build();
            var subject = new X500Principal(name.getEncoded());
            var signer =
                    new JcaContentSignerBuilder(Keys.SIGNATURE)
                            .setSecureRandom(Keys.secure(random))
                            .build(keys.getPrivate());
            var request =
                    new JcaPKCS10CertificationRequestBuilder(subject, keys.getPublic())
                            .build(signer);
            return new CertificateRequest(keys, Pem.encode(Pem.REQUEST, request.getEncoded()));
        } catch (OperatorCreationException e) {
            throw new IllegalStateException("a key that was just made can sign", e);
        } catch (IOException e) {
            throw new UncheckedIOException("encoding into memory", e);
        }
    }

    /// The request in DER.
    public byte[] der() {
        try {
            return Pem.decode("certificate request", Pem.REQUEST, pem).getFirst();
        } catch (IOException e) {
            throw new UncheckedIOException("what was made here can be read", e);
        }
    }

    /// Joins key and the answer to a renewal.
    ///
    /// @param chain the new certificate and the authority's, X.509 in DER
    /// @param current what the answer is to replace
    /// @throws IOException if the answer is for another key or server, of another authority, or not
    ///   valid now: `current` stays better
    public Identity renewed(List<byte[]> chain, Identity current, Instant now) throws IOException {
        var certificates = Pem.parse("renewed certificate", chain);
        if (certificates.size() != 2 || !certificates.getLast().equals(current.authority())) {
            throw new IOException(
                    "the renewed certificate is not of this installation's authority");
        }
        var renewed = joined(certificates.getFirst(), current.authority());
        if (!renewed.name().equals(current.name())) {
            throw new IOException(
                    "the renewed certificate is for '"
                            + renewed.name()
                            + "', expected '"
                            + current.name()
                            + "'");
        }
        try {
            renewed.checkValid(now);
        } catch (UntrustedCertificateException e) {
            throw new IOException("the renewed " + e.getMessage(), e);
        }
        return renewed;
    }

    /// Joins key and answer.
    ///
    /// @param certificate the issued certificate, PEM
    /// @param authority the installation's authority, PEM
    /// @param trusted the operator has named it
    /// @throws IOException if the certificate is for another key, or not of that authority
    public Identity identity(String certificate, String authority, TrustedAuthorities trusted)
            throws IOException {
        var own = Pem.certificates("issued certificate", certificate).getFirst();
        var issuer = Pem.certificates("authority's certificate", authority).getFirst();
        if (!trusted.contain(issuer)) {
            throw new IOException(
                    "the authority's certificate is not the one that the operator named");
        }
        return joined(own, issuer);
    }

    private Identity joined(X509Certificate own, X509Certificate issuer) throws IOException {
        if (!own.getPublicKey().equals(keys.getPublic())) {
            throw new IOException("the issued certificate is for another key than the request's");
        }
        try {
            Issuance.check(own, issuer, Issuance.Use.AGENT);
        } catch (UntrustedCertificateException e) {
            throw new IOException("the issued certificate cannot be used: " + e.getMessage(), e);
        }
        return new Identity(keys.getPrivate(), List.of(own, issuer));
    }
}
