package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Makes and signs certificates (X.509 version 3, profile of RFC 5280).
final class CertificateMint {
    /// Certificates begin to be valid a little before they are issued, since clocks differ a
    /// little.
    private static final Duration SKEW = Duration.ofMinutes(5);

    private static final int SERIAL_BYTES = 16;
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private final PrivateKey key;
    private final X509Certificate authority;
    private final RandomSource random;

    CertificateMint(PrivateKey key, X509Certificate authority, RandomSource random) {
        this.key = key;
        this.authority = authority;
        this.random = random;
    }

    /// A new authority's certificate, signed with its own key.
    static X509Certificate authority(
            KeyPair keys, String name, Instant from, Instant to, RandomSource random) {
        var subject = subject(name);
        try {
            var certificate = certificate(subject, subject, keys.getPublic(), from, to, random);
            certificate.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            var usage = new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign);
            certificate.addExtension(Extension.keyUsage, true, usage);
            certificate.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
            return sign(certificate, keys.getPrivate(), random);
        } catch (GeneralSecurityException | CertIOException e) {
            throw new IllegalStateException("certificate of a key that was just made", e);
        }
    }

    /// @param names alternative names of the subject, for a server
    X509Certificate issue(
            PublicKey holder,
            String name,
            Instant from,
            Instant to,
            Issuance.Use use,
            List<String> names) {
        try {
            var issuer = X500Name.getInstance(authority.getSubjectX500Principal().getEncoded());
            var certificate = certificate(issuer, subject(name), holder, from, to, random);
            var extensions = new JcaX509ExtensionUtils();
            certificate.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            var usage = new KeyUsage(KeyUsage.digitalSignature);
            certificate.addExtension(Extension.keyUsage, true, usage);
            certificate.addExtension(
                    Extension.extendedKeyUsage,
                    false,
                    new ExtendedKeyUsage(
                            switch (use) {
                                case SERVER -> KeyPurposeId.id_kp_serverAuth;
                                case AGENT -> KeyPurposeId.id_kp_clientAuth;
                            }));
            certificate.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    extensions.createAuthorityKeyIdentifier(authority));
            certificate.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    extensions.createSubjectKeyIdentifier(holder));
            if (!names.isEmpty()) {
                certificate.addExtension(Extension.subjectAlternativeName, false, names(names));
            }
            return sign(certificate, key, random);
        } catch (GeneralSecurityException | CertIOException e) {
            throw new IllegalStateException("certificate for '" + name + "'", e);
        }
    }

    private static X509v3CertificateBuilder certificate(
            X500Name issuer,
            X500Name subject,
            PublicKey holder,
            Instant from,
            Instant to,
            RandomSource random) {
        var serial = new byte[SERIAL_BYTES];
        random.fill(serial);
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(1, serial).add(BigInteger.ONE), // above zero: RFC 5280 §4.1.2.2
                Date.from(from.minus(SKEW)),
                Date.from(to),
                subject,
                holder);
    }

    private static X509Certificate sign(
            X509v3CertificateBuilder certificate, PrivateKey key, RandomSource random)
            throws GeneralSecurityException {
        try {
            var signer =
                    new JcaContentSignerBuilder(Keys.SIGNATURE)
                            .setSecureRandom(Keys.secure(random))
                            .build(key);
            return new JcaX509CertificateConverter().getCertificate(certificate.build(signer));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException("signing", e);
        }
    }

    private static X500Name subject(String name) {
        return new X500NameBuilder().addRDN(BCStyle.CN, name).build();
    }

    private static GeneralNames names(List<String> names) {
        return new GeneralNames(
                names.stream()
                        .map(name ->
                                new GeneralName(
                                        ADDRESS.matcher(name).matches()
                                                ? GeneralName.iPAddress
                                                : GeneralName.dNSName,
                                        name))
                        .toArray(GeneralName[]::new));
    }
}
