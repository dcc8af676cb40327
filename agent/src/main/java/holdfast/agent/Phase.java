package holdfast.agent;

/// How the pending blocks of one disk are worked through.
///
/// ```
/// FIRST_COPY --frontier at the end--> CHANGES
/// COMPARE    --frontier at the end--> CHANGES
/// any        --tracker or replica lost something--> COMPARE
/// ```
enum Phase {
    /// Everything is pending and the replica is new: blocks from the frontier on are zeros there,
    /// so zeros need not travel.
    FIRST_COPY(0),
    /// Everything is pending since nobody knows what changed: blocks from the frontier on are
    /// compared by hash, and only those that differ travel.
    COMPARE(1),
    /// What is pending has changed: it travels, unless it is what was sent last.
    CHANGES(2);

    private final int code;

    Phase(int code) {
        this.code = code;
    }

    /// Part of the memo's format (docs/formats/agent-memo.md).
    int code() {
        return code;
    }

    /// @throws IllegalArgumentException if no phase has this code
    static Phase ofCode(int code) {
        return switch (code) {
            case 0 -> FIRST_COPY;
            case 1 -> COMPARE;
            case 2 -> CHANGES;
            default -> throw new IllegalArgumentException("unknown phase " + code);
        };
    }
}
