package holdfast.replication;

import holdfast.replication.certificates.PeerCertificate;

/// An agent that has shown its certificate and said what it has.
///
/// @param heard the connection's input, to know when the agent was last heard
/// @param frames what comes through that input
/// @param version of the protocol that was agreed on
/// @param begin what it said
record Arrival(
        TlsConnection connection,
        HeardInput heard,
        FrameDecoder frames,
        PeerCertificate certificate,
        int version,
        Frame.Begin begin) {
    String serverId() {
        return certificate.name();
    }
}
