package holdfast.base.linux;

/// How the kernel schedules a platform thread among others.
public final class LinuxThreads {
    private static final int PRIO_PROCESS = 0;

    /// The raw call answers 20 less the niceness, so that it is never negative.
    private static final int HIGHEST = 20;

    private LinuxThreads() {}

    /// The calling thread's niceness, -20 (first) to 19 (last).
    public static int niceness() {
        return HIGHEST - (int) SystemCall.GETPRIORITY.invoke(PRIO_PROCESS, 0);
    }

    /// Sets the calling thread's niceness. Threads that it starts inherit it.
    ///
    /// @return false if this user may not
    public static boolean niceness(int niceness) {
        return SystemCall.SETPRIORITY.invoke(PRIO_PROCESS, 0, niceness) == 0;
    }
}
