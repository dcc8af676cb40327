package holdfast.aws.protocol;

import holdfast.control.Signer;
import java.io.IOException;
import java.util.Optional;

/// Finds whose access key it is.
@FunctionalInterface
public interface Signers {
    /// @param sessionToken that came along
    /// @return empty if the key is not known or not accepted
    /// @throws ProtocolException if the session has expired
    Optional<Signer> find(String accessKey, Optional<String> sessionToken) throws IOException;
}
