package holdfast.volume;

/// Stores whose threads will never run again, as those of a process that was killed.
public final class LeftStores {
    private LeftStores() {}

    /// Gives back the memory off the heap, which the end of a process would have.
    public static void free(VolumeStore store) {
        ((JournalStore) store).core.maps.close();
    }
}
