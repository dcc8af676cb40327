package holdfast.volume;

/// Where records of the journal are missing of which nobody can tell the blocks: the end of the
/// journal was damaged and not only torn. Until all of an owner's disks were compared and sent
/// again, nothing of its volumes from there on is any consistency point.
///
/// The owner's first point after the staging area was opened ends it: the staging area shows agents
/// another identity from then on, so that they compare everything before they make a point.
///
/// @param from the first sequence that may be missing
/// @param wholeFrom sequence of the point that ended it; [#OPEN] if there is none yet
record Gap(long from, long wholeFrom) {
    /// Later than every sequence.
    static final long OPEN = Long.MAX_VALUE;

    static final Gap NONE = new Gap(OPEN, OPEN);

    /// Another loss. What lies between the two is hidden as well, which wrongs no one who restores.
    Gap reopened(long sequence) {
        return new Gap(Math.min(from, sequence), OPEN);
    }

    /// Points between two places of the journal cannot be seen any more; what is there is whole.
    Gap hiding(long first, long end) {
        return isOpen()
                ? reopened(first)
                : new Gap(Math.min(from, first), from == OPEN ? end : Math.max(wholeFrom, end));
    }

    /// The owner's disks were compared before this point.
    Gap closed(long sequence) {
        return isOpen() ? new Gap(from, sequence) : this;
    }

    boolean isOpen() {
        return from != OPEN && wholeFrom == OPEN;
    }

    /// Whether the volumes as of that sequence may be wrong.
    boolean hides(long sequence) {
        return sequence >= from && sequence < wholeFrom;
    }
}
