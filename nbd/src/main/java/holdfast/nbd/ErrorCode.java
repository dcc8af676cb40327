package holdfast.nbd;

/// Error values of the transmission phase (doc/proto.md, "Error values").
enum ErrorCode {
    EPERM(1),
    EIO(5),
    EINVAL(22),
    ENOSPC(28),
    EOVERFLOW(75),
    ESHUTDOWN(108);

    private final int value;

    ErrorCode(int value) {
        this.value = value;
    }

    int value() {
        return value;
    }
}
