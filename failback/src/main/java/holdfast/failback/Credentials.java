package holdfast.failback;

import java.util.Optional;

/// An access key of the installation.
record Credentials(String accessKeyId, String secretAccessKey, Optional<String> sessionToken) {
    @Override
    public String toString() {
        return "Credentials[" + accessKeyId + "]"; // not the secret
    }
}
