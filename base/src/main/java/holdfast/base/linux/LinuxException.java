package holdfast.base.linux;

import java.io.IOException;

/// A system call that the kernel refused. The message names the call, what it was made on, and the
/// error in words.
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    LinuxException(String call, int errno) {
        super(call + ": " + Errno.of(errno).map(Errno::text).orElse("error number " + errno));
        this.errno = errno;
    }

    /// Whether the kernel's answer was this error.
    public boolean is(Errno expected) {
        return errno == expected.number();
    }
}
