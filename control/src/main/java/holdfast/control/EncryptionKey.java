package holdfast.control;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// A key of the operator's own that wraps data keys of servers; the key itself is in a file
/// (docs/formats/keys.md, "Encryption key").
///
/// @param name for people, may be empty
public record EncryptionKey(UUID id, String name, Instant createdAt) {
    /// With what depends on it.
    ///
    /// @param account that has it
    /// @param file that holds it
    /// @param fault why it cannot be used now: its file is missing or damaged
    /// @param servers whose settings name it, or of which it still wraps a volume
    /// @param templates whose settings name it
    public record View(
            EncryptionKey key,
            String account,
            String file,
            Optional<String> fault,
            List<String> servers,
            List<String> templates) {
        public View {
            servers = List.copyOf(servers);
            templates = List.copyOf(templates);
        }
    }
}
