package holdfast.base.linux;

import java.util.Optional;

/// The error numbers that callers tell apart or users see, as on all 64-bit Linux architectures.
public enum Errno {
    EPERM(1, "operation not permitted"),
    ENOENT(2, "no such file or directory"),
    EINTR(4, "interrupted"),
    EIO(5, "input/output error"),
    ENXIO(6, "no such device or address"),
    E2BIG(7, "argument too large"),
    EBADF(9, "bad descriptor"),
    EAGAIN(11, "resource temporarily unavailable"),
    ENOMEM(12, "out of memory"),
    EACCES(13, "permission denied"),
    EFAULT(14, "bad address"),
    EBUSY(16, "device or resource busy"),
    EEXIST(17, "file exists"),
    ENODEV(19, "no such device"),
    ENOTDIR(20, "not a directory"),
    EINVAL(22, "invalid argument"),
    EMFILE(24, "too many open files"),
    ENOTTY(25, "inappropriate ioctl for device"),
    ENOSPC(28, "no space left"),
    EROFS(30, "read-only file system"),
    ENOSYS(38, "not implemented by this kernel"),
    EOPNOTSUPP(95, "operation not supported"),
    ENOTSUPP(524, "not supported by this kernel");

    private final int number;
    private final String text;

    Errno(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /// The error of this number, if it is one that is named here.
    static Optional<Errno> of(int number) {
        for (var errno : values()) {
            if (errno.number == number) {
                return Optional.of(errno);
            }
        }
        return Optional.empty();
    }

    int number() {
        return number;
    }

    String text() {
        return text;
    }
}
