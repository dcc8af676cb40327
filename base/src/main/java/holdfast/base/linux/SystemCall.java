package holdfast.base.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// System calls by number, made through the C library's `syscall(2)`.
///
/// Numbers: `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
enum SystemCall {
    BPF(321, 280),
    CLOSE(3, 57),
    FDATASYNC(75, 83),
    FLOCK(73, 32),
    GETPRIORITY(140, 141),
    IOCTL(16, 29),
    MEMBARRIER(324, 283),
    MMAP(9, 222),
    MOUNT(165, 40),
    MUNMAP(11, 215),
    OPENAT(257, 56),
    PREAD64(17, 67),
    PWRITE64(18, 68),
    PRLIMIT64(302, 261),
    SETPRIORITY(141, 140),
    SETSID(112, 157),
    SYNCFS(306, 267);

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SYSCALL = link();

    /// Where the downcall leaves errno; one a thread, because the next call overwrites it.
    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));

    private final int number;

    SystemCall(int numberX86, int numberAarch64) {
        this.number = aarch64() ? numberAarch64 : numberX86;
    }

    /// Whether this machine numbers its system calls and open flags in aarch64's way.
    static boolean aarch64() {
        return "aarch64".equals(System.getProperty("os.arch"));
    }

    /// Makes the call with up to six arguments; missing ones are zero.
    ///
    /// @return the result, or the negative error number
    long invoke(long... arguments) {
        var captured = CAPTURED.get();
        try {
            var result =
                    (long)
                            SYSCALL.invokeExact(
                                    captured,
                                    (long) number,
                                    at(arguments, 0),
                                    at(arguments, 1),
                                    at(arguments, 2),
                                    at(arguments, 3),
                                    at(arguments, 4),
                                    at(arguments, 5));
            return result == -1 ? -(int) ERRNO.get(captured, 0L) : result;
        } catch (Throwable thrown) {
            throw new AssertionError("a downcall of fixed shape does not throw", thrown);
        }
    }

    /// Makes the call and turns its refusal into an exception that begins with `what`.
    long invokeOrThrow(String what, long... arguments) throws LinuxException {
        var result = invoke(arguments);
        if (result < 0) {
            throw new LinuxException(what, (int) -result);
        }
        return result;
    }

    private static long at(long[] arguments, int index) {
        return index < arguments.length ? arguments[index] : 0;
    }

    @SuppressWarnings("restricted") // the one place where native code is linked
    private static MethodHandle link() {
        var linker = Linker.nativeLinker();
        var word = ValueLayout.JAVA_LONG;
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(word, word, word, word, word, word, word, word),
                Linker.Option.firstVariadicArg(1),
                Linker.Option.captureCallState("errno"));
    }
}
