package holdfast.volume;

/// The staging area has no room; nothing was written. Mend by freeing or adding space; reclaim may
/// free some.
public final class NoRoomException extends StoreException {
    private static final long serialVersionUID = 1L;

    public NoRoomException(String message) {
        super(message);
    }
}
