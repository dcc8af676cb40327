package holdfast.replication.certificates;

import java.security.cert.CertificateException;
import java.util.Optional;

/// A certificate is not one that this installation vouches for, or not at this time. The message
/// names the certificate and says what to do.
public final class UntrustedCertificateException extends CertificateException {
    private static final long serialVersionUID = 1L;

    UntrustedCertificateException(String message) {
        super(message);
    }

    UntrustedCertificateException(String message, Throwable cause) {
        super(message, cause);
    }

    /// The one among the causes of a failed handshake.
    public static Optional<UntrustedCertificateException> in(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UntrustedCertificateException found) {
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }
}
