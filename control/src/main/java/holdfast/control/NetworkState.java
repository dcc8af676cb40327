package holdfast.control;

import holdfast.base.RefusalException;

/// How the replication of a source network stands.
///
/// ```
/// STOPPED --START--> IN_PROGRESS --CAPTURED--> PROTECTED
/// IN_PROGRESS, PROTECTED --LOST--> ERROR --CAPTURED--> PROTECTED
/// any but STOPPED --STOP--> STOPPED
/// ```
public enum NetworkState {
    STOPPED,

    /// It was not captured yet.
    IN_PROGRESS,
    PROTECTED,

    /// What it is to be captured from is gone; what was captured stays.
    ERROR;

    /// What can change it.
    enum Event {
        START,
        STOP,
        CAPTURED,
        LOST
    }

    /// Pure: no clock, no I/O.
    ///
    /// @throws RefusalException if it is started or stopped and is so already
    NetworkState on(Event event) {
        return switch (event) {
            case START -> {
                if (this != STOPPED) {
                    throw new RefusalException(
                            "network-replicating",
                            "the source network is " + this + ": it is replicated already");
                }
                yield IN_PROGRESS;
            }
            case STOP -> {
                if (this == STOPPED) {
                    throw new RefusalException(
                            "network-stopped", "the source network is not replicated");
                }
                yield STOPPED;
            }
            case CAPTURED -> this == STOPPED ? STOPPED : PROTECTED;
            case LOST -> this == STOPPED ? STOPPED : ERROR;
        };
    }
}
