package holdfast.nbd;

import java.util.Locale;

/// What client and server agreed on in the handshake; holds for the whole transmission phase.
///
/// @param export the chosen name
/// @param sizeBytes of the export
/// @param writable whether the export is a branch
/// @param structuredReplies `NBD_OPT_STRUCTURED_REPLY` was accepted
/// @param allocationContext `base:allocation` was selected for this export
record Agreement(
        String export,
        long sizeBytes,
        boolean writable,
        boolean structuredReplies,
        boolean allocationContext) {
    int transmissionFlags() {
        return Protocol.transmissionFlags(writable, structuredReplies);
    }

    /// For logs; the name is the peer's word.
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "export=%s size=%d writable=%s structured=%s allocation=%s",
                Strings.quoted(export),
                sizeBytes,
                writable,
                structuredReplies,
                allocationContext);
    }
}
