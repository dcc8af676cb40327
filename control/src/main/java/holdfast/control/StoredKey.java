package holdfast.control;

/// An access key as its row has it.
///
/// @param sealed its secret under the installation's key (docs/formats/keys.md)
record StoredKey(AccessKey key, String sealed) {
    /// As rows of the schema's second version have it: a role of its own, the secret as it is.
    record Legacy(String id, String secret, String role, java.time.Instant createdAt) {
        @Override
        public String toString() {
            return "Legacy[" + id + "]";
        }
    }
}
