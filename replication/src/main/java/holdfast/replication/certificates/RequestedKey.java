package holdfast.replication.certificates;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.util.List;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/// The key in a certificate request (PKCS #10), which is all that counts of it: names, usages and
/// other extensions that it asks for are ignored.
final class RequestedKey {
    private static final int CHARS_MAX = 16 << 10;
    private static final int BITS = 256;

    private RequestedKey() {}

    /// @throws IllegalArgumentException if it is not one request such as agents make
    static PublicKey ofPem(String text) {
        if (text.length() > CHARS_MAX) {
            throw new IllegalArgumentException(
                    "certificate request of "
                            + text.length()
                            + " characters, at most "
                            + CHARS_MAX
                            + " are accepted");
        }
        List<byte[]> parts;
        try {
            parts = Pem.decode("certificate request", Pem.REQUEST, text);
        } catch (IOException e) {
            throw malformed(e);
        }
        if (parts.size() != 1) {
            throw new IllegalArgumentException(
                    "found " + parts.size() + " certificate requests in PEM form, expected 1");
        }
        return ofDer(parts.getFirst());
    }

    /// @throws IllegalArgumentException if it is not a request such as agents make: for a key on
    ///   P-256, and signed with it
    static PublicKey ofDer(byte[] der) {
        try {
            var request = new JcaPKCS10CertificationRequest(der);
            var key = request.getPublicKey();
            if (!(key instanceof ECPublicKey ec)
                    || ec.getParams().getCurve().getField().getFieldSize() != BITS) {
                throw new IllegalArgumentException(
                        "certificate request for a key of "
                                + key.getAlgorithm()
                                + ", expected an elliptic-curve key on P-256");
            }
            var verifier = new JcaContentVerifierProviderBuilder().build(key);
            if (!request.isSignatureValid(verifier)) {
                throw new IllegalArgumentException(
                        "certificate request is not signed with the key that it asks for");
            }
            return key;
        } catch (IllegalArgumentException e) {
            throw e;
        } catch (IOException
                | GeneralSecurityException
                | OperatorCreationException
                | PKCSException
                | RuntimeException e) { // the parser meets some damage with any of these
            throw malformed(e);
        }
    }

    private static IllegalArgumentException malformed(Exception e) {
        return new IllegalArgumentException(
                "not a certificate request (PKCS #10): " + e.getMessage(), e);
    }
}
