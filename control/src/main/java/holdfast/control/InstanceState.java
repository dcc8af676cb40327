package holdfast.control;

import holdfast.base.RefusalException;

/// Where a recovery instance stands.
///
/// ```
/// LAUNCHING --BOOT_PROVEN--> RUNNING --MACHINE_ENDED--> FAILED
/// LAUNCHING --LAUNCH_FAILED--> FAILED
/// LAUNCHING --MADE_READY--> STOPPED --START_ASKED--> LAUNCHING
/// RUNNING, STOPPED, FAILED --LAUNCHED_INTO--> LAUNCHING
/// RUNNING, STOPPED, FAILED --TERMINATION_ASKED--> TERMINATING --CLEANED_UP--> TERMINATED
/// TERMINATING --CLEAN_UP_FAILED--> FAILED
/// RUNNING, FAILED --STOPPED_FOR_FAILBACK--> STOPPED
/// ```
public enum InstanceState {
    LAUNCHING,
    RUNNING,

    /// Its branches are there, its machine does not run: it was not started yet, or was stopped to
    /// be failed back.
    STOPPED,
    FAILED,
    TERMINATING,
    TERMINATED;

    /// What can change it.
    enum Event {
        BOOT_PROVEN,
        LAUNCH_FAILED,
        MADE_READY,
        START_ASKED,
        MACHINE_ENDED,
        STOPPED_FOR_FAILBACK,
        LAUNCHED_INTO,
        TERMINATION_ASKED,
        CLEANED_UP,
        CLEAN_UP_FAILED
    }

    /// Pure: no clock, no I/O. The caller writes the result before it acts on it.
    ///
    /// @throws RefusalException if something is asked for that cannot begin now
    /// @throws IllegalStateException if the event cannot happen in this state
    InstanceState on(Event event) {
        return switch (event) {
            case BOOT_PROVEN -> from(LAUNCHING, event, RUNNING);
            case LAUNCH_FAILED -> from(LAUNCHING, event, FAILED);
            case MADE_READY -> from(LAUNCHING, event, STOPPED);
            case START_ASKED -> {
                if (this != STOPPED) {
                    throw new RefusalException(
                            "instance-not-stopped",
                            "the recovery instance is "
                                    + this
                                    + ": only one that is STOPPED can be started");
                }
                yield LAUNCHING;
            }
            case MACHINE_ENDED -> from(RUNNING, event, FAILED);
            case STOPPED_FOR_FAILBACK ->
                    switch (this) {
                        case RUNNING, FAILED -> STOPPED;
                        case LAUNCHING, STOPPED, TERMINATING, TERMINATED ->
                                throw new IllegalStateException(
                                        event + " cannot happen in state " + this);
                    };
            case CLEANED_UP -> from(TERMINATING, event, TERMINATED);
            case CLEAN_UP_FAILED -> from(TERMINATING, event, FAILED);
            case LAUNCHED_INTO -> settled(LAUNCHING);
            case TERMINATION_ASKED -> settled(TERMINATING);
        };
    }

    /// @throws RefusalException if a job works on it, or it has ended
    private InstanceState settled(InstanceState next) {
        return switch (this) {
            case RUNNING, STOPPED, FAILED -> next;
            case LAUNCHING ->
                    throw new RefusalException(
                            "instance-launching",
                            "the recovery instance is still being launched: wait for its job to end");
            case TERMINATING ->
                    throw new RefusalException(
                            "instance-terminating",
                            "the recovery instance is already being terminated");
            case TERMINATED ->
                    throw new RefusalException(
                            "instance-terminated", "the recovery instance has been terminated");
        };
    }

    private InstanceState from(InstanceState expected, Event event, InstanceState next) {
        if (this != expected) {
            throw new IllegalStateException(event + " cannot happen in state " + this);
        }
        return next;
    }
}
