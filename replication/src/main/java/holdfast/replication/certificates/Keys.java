package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;

/// Keys and digests of the algorithms that this installation uses.
final class Keys {
    /// ECDSA over SHA-256, the only signature that we make.
    static final String SIGNATURE = "SHA256withECDSA";

    private Keys() {}

    /// A new key pair on NIST P-256, which every TLS 1.3 implementation has.
    static KeyPair generate(RandomSource random) {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"), secure(random));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has P-256", e);
        }
    }

    static byte[] sha256(byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// What names a certificate in tokens: SHA-256 of its encoding.
    static byte[] fingerprint(X509Certificate certificate) {
        try {
            return sha256(certificate.getEncoded());
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was parsed has an encoding", e);
        }
    }

    /// What the JDK's cryptography takes its randomness from, drawn from our source.
    static SecureRandom secure(RandomSource random) {
        return new SeamRandom(random);
    }

    private static final class SeamRandom extends SecureRandom {
        private static final long serialVersionUID = 1L;

        private final transient RandomSource random;

        SeamRandom(RandomSource random) {
            super(null, null); // no generator of the JDK behind: every draw ends in nextBytes
            this.random = random;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            random.fill(bytes);
        }
    }
}
