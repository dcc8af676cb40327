package holdfast.aws.protocol;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Predicate;

/// An access key and what its holder may do.
///
/// @param permits tells by an action such as `drs:StartRecovery`
public record Credential(String accessKey, String secret, Predicate<String> permits) {
    /// Finds the credential of an access key.
    @FunctionalInterface
    public interface Lookup {
        Optional<Credential> find(String accessKey) throws IOException;
    }

    @Override
    public String toString() {
        return "Credential[" + accessKey + "]";
    }
}
