package holdfast.replication;

/// What the peer may still send, by the credit that it was granted.
@FunctionalInterface
interface Allowance {
    /// For a peer that may not send requests.
    Allowance NONE =
            _ -> {
                throw new ProtocolException("request outside a session");
            };

    /// Called before memory is taken for a request, or for a part of one.
    ///
    /// @throws ProtocolException if the peer has less credit than that left
    void spend(int cost) throws ProtocolException;
}
