package holdfast.tracking.scan;

import holdfast.tracking.TrackerException;

/// Proves that a disk did not change between two moments.
sealed interface QuietWatch extends AutoCloseable permits DeviceWatch, FileWatch {
    /// The first moment. On return it lies in the past: every change from now on is noticed.
    void begin() throws TrackerException;

    /// The second moment: whether it is certain that nothing changed since [#begin] returned.
    boolean isUnchanged() throws TrackerException;

    @Override
    void close();
}
