package holdfast.replication.certificates;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/// The installation's own authority: it alone decides who is an agent of this installation and who
/// is a server of it. Nothing else is trusted, and nothing else trusts it.
///
/// Lives in two files, `ca.pem` and `ca-key.pem`. Safe for any thread.
public final class CertificateAuthority {
    /// The authority's certificate: what clients of the API are given to trust.
    public static final String CERTIFICATE_FILE = "ca.pem";

    /// The authority's key.
    public static final String KEY_FILE = "ca-key.pem";

    private static final String NAME_PREFIX = "Holdfast ";
    private static final int NAME_BYTES = 4;
    private static final Pattern NAME =
            Pattern.compile(NAME_PREFIX + "[0-9a-f]{" + 2 * NAME_BYTES + "}");
    private static final String SERVER_NAME = "holdfast-server";

    private final CertificateMint mint;
    private final X509Certificate certificate;
    private final Validity validity;
    private final TimeSource time;
    private final RandomSource random;

    /// How long certificates are valid.
    ///
    /// @param authority of the authority's own; when it ends, every agent has to enrol again
    /// @param issued of the others, cut at the end of the authority's
    public record Validity(Duration authority, Duration issued) {
        /// Ten years, and one.
        public static final Validity DEFAULT =
                new Validity(Duration.ofDays(3652), Duration.ofDays(365));
    }

    private CertificateAuthority(
            X509Certificate certificate,
            PrivateKey key,
            Validity validity,
            TimeSource time,
            RandomSource random) {
        this.certificate = certificate;
        this.mint = new CertificateMint(key, certificate, random);
        this.validity = validity;
        this.time = time;
        this.random = random;
    }

    /// Opens the authority in the directory, or makes a new one where there is none; durable on
    /// return.
    ///
    /// @throws IOException if the files cannot be read or written, or do not fit together. An
    ///   authority is never replaced silently: all agents would be locked out
    public static CertificateAuthority open(
            Filesystem files,
            Path directory,
            Validity validity,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var certificateFile = directory.resolve(CERTIFICATE_FILE);
        var keyFile = directory.resolve(KEY_FILE);
        if (!files.exists(certificateFile)) { // written last: without it nothing was ever issued
            var keys = Keys.generate(random);
            var suffix = new byte[NAME_BYTES];
            random.fill(suffix);
            var made =
                    CertificateMint.authority(
                            keys,
                            NAME_PREFIX + HexFormat.of().formatHex(suffix),
                            time.now(),
                            time.now().plus(validity.authority()),
                            random);
            files.createDirectories(directory);
            PrivateFiles.write(files, keyFile, Pem.encode(Pem.KEY, keys.getPrivate().getEncoded()));
            PrivateFiles.write(files, certificateFile, Pem.encode(made));
        }
        if (!files.exists(keyFile)) {
            throw new IOException(
                    keyFile
                            + ": missing, while "
                            + certificateFile
                            + " is there: restore it from a backup; without it no certificate can"
                            + " be issued");
        }
        var certificate =
                Pem.certificates(
                                certificateFile.toString(),
                                PrivateFiles.read(files, certificateFile))
                        .getFirst();
        var key = Pem.key(keyFile.toString(), PrivateFiles.read(files, keyFile));
        var authority = new CertificateAuthority(certificate, key, validity, time, random);
        authority.checkUsable(certificateFile, keyFile);
        return authority;
    }

    /// The authority's certificate.
    public X509Certificate certificate() {
        return certificate;
    }

    /// The authority's certificate in PEM form.
    public String certificatePem() {
        return Pem.encode(certificate);
    }

    /// SHA-256 of the authority's certificate; part of every [EnrolmentToken].
    public byte[] fingerprint() {
        return Keys.fingerprint(certificate);
    }

    /// Whether this is the certificate of an authority that [#open] has made, here or elsewhere.
    static boolean isOurs(X509Certificate certificate) {
        return certificate.getBasicConstraints() >= 0
                && certificate
                        .getIssuerX500Principal()
                        .equals(certificate.getSubjectX500Principal())
                && NAME.matcher(Issuance.nameOf(certificate)).matches();
    }

    /// Certifies an agent's key, at enrolment.
    ///
    /// @param request PKCS #10 in PEM form; from a peer that is not known yet, so checked
    /// @param serverId the name that the certificate will carry, whatever the request says
    /// @return the certificate in PEM form
    /// @throws IllegalArgumentException if the request is not one that an agent makes
    public String issueToAgent(String request, String serverId) {
        return Pem.encode(certifyAgent(RequestedKey.ofPem(request), serverId));
    }

    /// Certifies a new key of an agent that has shown a certificate of ours. Of the request, only
    /// the key counts.
    ///
    /// @param request PKCS #10 in DER; checked, since the agent's machine may be anybody's by now
    /// @param serverId whom the certificate that was shown names
    /// @return the certificate and the authority's
    /// @throws IllegalArgumentException if the request is not one that an agent makes
    public List<X509Certificate> renew(byte[] request, String serverId) {
        return List.of(certifyAgent(RequestedKey.ofDer(request), serverId), certificate);
    }

    private X509Certificate certifyAgent(PublicKey key, String serverId) {
        var now = time.now();
        return mint.issue(key, serverId, now, end(now), Issuance.Use.AGENT, List.of());
    }

    /// Certifies this process as a server of the installation.
    ///
    /// @param names host names and addresses by which clients reach it
    Identity issueToServer(KeyPair keys, List<String> names) {
        var now = time.now();
        var issued =
                mint.issue(
                        keys.getPublic(), SERVER_NAME, now, end(now), Issuance.Use.SERVER, names);
        return new Identity(keys.getPrivate(), List.of(issued, certificate));
    }

    TimeSource time() {
        return time;
    }

    RandomSource random() {
        return random;
    }

    private Instant end(Instant now) {
        var wanted = now.plus(validity.issued());
        var last = certificate.getNotAfter().toInstant();
        return wanted.isBefore(last) ? wanted : last;
    }

    private void checkUsable(Path certificateFile, Path keyFile) throws IOException {
        var probe =
                mint.issue(
                        certificate.getPublicKey(),
                        "probe",
                        certificate.getNotBefore().toInstant(),
                        certificate.getNotAfter().toInstant(),
                        Issuance.Use.SERVER,
                        List.of());
        try {
            probe.verify(certificate.getPublicKey());
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    keyFile
                            + " is not the key of "
                            + certificateFile
                            + ": restore both from the same backup",
                    e);
        }
        try {
            Issuance.checkValid(certificate, time.now());
        } catch (UntrustedCertificateException e) {
            throw new IOException(certificateFile + ": " + e.getMessage(), e);
        }
    }
}
