package holdfast.control;

import holdfast.base.RefusalException;

/// Where the failback of a recovery instance stands.
///
/// ```
/// NOT_STARTED, READY, ERROR --CLIENT_PAIRED--> IN_PROGRESS --IN_STEP--> READY
/// READY --LAUNCH_ASKED--> FINISHING --VERIFIED--> COMPLETED
/// IN_PROGRESS, READY, FINISHING --FAILED--> ERROR --IN_STEP--> READY
/// NOT_STARTED, IN_PROGRESS, READY, ERROR --STOPPED--> NOT_STARTED
/// any but FINISHING --DISCONNECTED--> DISCONNECTED (final)
/// ```
public enum FailbackState {
    /// Nobody follows the instance.
    NOT_STARTED,

    /// A client was paired and is not in step yet.
    IN_PROGRESS,

    /// The client's disks equal a point of the instance.
    READY,

    /// The instance is stopped; the client takes what is left and reads everything back.
    FINISHING,

    /// The client's disks equal the instance's last point, and were read back whole.
    COMPLETED,

    ERROR,

    /// Nobody may follow the instance any more.
    DISCONNECTED;

    /// Whether a client counts on the instance.
    boolean isUnderWay() {
        return switch (this) {
            case IN_PROGRESS, READY, FINISHING, ERROR -> true;
            case NOT_STARTED, COMPLETED, DISCONNECTED -> false;
        };
    }

    /// What can change it.
    enum Event {
        CLIENT_PAIRED,
        IN_STEP,
        LAUNCH_ASKED,
        VERIFIED,
        FAILED,
        STOPPED,
        DISCONNECTED
    }

    /// Pure: no clock, no I/O. The caller writes the result before it acts on it.
    ///
    /// @throws RefusalException if what was asked for cannot be done now
    /// @throws IllegalStateException if the event cannot happen in this state
    FailbackState on(Event event) {
        return switch (event) {
            case CLIENT_PAIRED ->
                    switch (this) {
                        case NOT_STARTED, IN_PROGRESS, READY, ERROR -> IN_PROGRESS;
                        case FINISHING, COMPLETED, DISCONNECTED -> throw refused("begin");
                    };
            case IN_STEP ->
                    switch (this) {
                        case IN_PROGRESS, READY, ERROR -> READY;
                        case FINISHING -> FINISHING;
                        case NOT_STARTED, COMPLETED, DISCONNECTED -> throw impossible(event);
                    };
            case LAUNCH_ASKED ->
                    switch (this) {
                        case READY -> FINISHING;
                        case NOT_STARTED, IN_PROGRESS, FINISHING, COMPLETED, ERROR, DISCONNECTED ->
                                throw refused("be finished");
                    };
            case VERIFIED ->
                    switch (this) {
                        case FINISHING -> COMPLETED;
                        case NOT_STARTED, IN_PROGRESS, READY, COMPLETED, ERROR, DISCONNECTED ->
                                throw impossible(event);
                    };
            case FAILED ->
                    switch (this) {
                        case IN_PROGRESS, READY, FINISHING, ERROR -> ERROR;
                        case NOT_STARTED, COMPLETED, DISCONNECTED -> throw impossible(event);
                    };
            case STOPPED ->
                    switch (this) {
                        case NOT_STARTED, IN_PROGRESS, READY, ERROR -> NOT_STARTED;
                        case FINISHING, COMPLETED, DISCONNECTED -> throw refused("be stopped");
                    };
            case DISCONNECTED ->
                    switch (this) {
                        case NOT_STARTED, IN_PROGRESS, READY, COMPLETED, ERROR, DISCONNECTED ->
                                DISCONNECTED;
                        case FINISHING -> throw refused("be disconnected");
                    };
        };
    }

    private RefusalException refused(String what) {
        return switch (this) {
            case NOT_STARTED ->
                    new RefusalException(
                            "failback-not-started",
                            "the failback cannot "
                                    + what
                                    + ": no client follows the instance; start `holdfast failback` on the machine to be written");
            case IN_PROGRESS ->
                    new RefusalException(
                            "failback-not-ready",
                            "the failback cannot "
                                    + what
                                    + ": its client is not in step with the instance yet; wait until it is READY");
            case READY -> throw impossible(Event.IN_STEP);
            case FINISHING ->
                    new RefusalException(
                            "failback-finishing",
                            "the failback cannot "
                                    + what
                                    + ": its job is at work; wait for its end");
            case COMPLETED ->
                    new RefusalException(
                            "failback-completed",
                            "the failback cannot "
                                    + what
                                    + ": it is completed; terminate the instance");
            case ERROR ->
                    new RefusalException(
                            "failback-error",
                            "the failback cannot "
                                    + what
                                    + ": it has failed; it becomes READY again when its client is in step, or stop it and start anew");
            case DISCONNECTED ->
                    new RefusalException(
                            "instance-disconnected",
                            "the failback cannot " + what + ": the instance was disconnected");
        };
    }

    private IllegalStateException impossible(Event event) {
        return new IllegalStateException(event + " cannot happen in state " + this);
    }
}
