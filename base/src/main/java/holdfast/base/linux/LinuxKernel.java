package holdfast.base.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/// System calls on the kernel itself rather than on a descriptor. Stateless.
public final class LinuxKernel {
    private static final int MEMBARRIER_CMD_GLOBAL = 1;
    private static final int RLIMIT_MEMLOCK = 8;

    private LinuxKernel() {}

    /// One command of bpf(2).
    ///
    /// @param what begins the message of a refusal, for instance `bpf(BPF_MAP_CREATE)`
    /// @param attributes `union bpf_attr` of the command, in native memory; unknown tails zero
    /// @return the command's result
    public static long bpf(String what, int command, MemorySegment attributes)
            throws LinuxException {
        return SystemCall.BPF.invokeOrThrow(
                what, command, attributes.address(), attributes.byteSize());
    }

    /// A command of bpf(2) that makes a descriptor.
    public static LinuxFile bpfObject(String what, int command, MemorySegment attributes)
            throws LinuxException {
        return LinuxFile.adopt((int) bpf(what, command, attributes), what);
    }

    /// Returns once every processor has passed a point at which no tracepoint's program ran
    /// (`membarrier(MEMBARRIER_CMD_GLOBAL)`, a grace period of the kernel's).
    public static void memoryBarrier() throws LinuxException {
        SystemCall.MEMBARRIER.invokeOrThrow("membarrier", MEMBARRIER_CMD_GLOBAL);
    }

    /// Mounts a file system that needs no device.
    public static void mount(String type, Path target, String options) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            SystemCall.MOUNT.invokeOrThrow(
                    "mount of " + type + " at " + target,
                    arena.allocateFrom(type).address(),
                    arena.allocateFrom(target.toString()).address(),
                    arena.allocateFrom(type).address(),
                    0,
                    arena.allocateFrom(options).address());
        }
    }

    /// Makes this process the leader of a session without a terminal, so that no terminal's end
    /// ends it (setsid(2)).
    public static void newSession() throws LinuxException {
        SystemCall.SETSID.invokeOrThrow("setsid");
    }

    /// Lifts the limit on locked memory as far as this process may: kernels before 5.11 count bpf
    /// maps against it. A refusal is left to the call that then lacks the memory.
    public static void raiseLockedMemoryLimit() {
        try (var arena = Arena.ofConfined()) {
            var unlimited = arena.allocateFrom(ValueLayout.JAVA_LONG, -1L, -1L);
            SystemCall.PRLIMIT64.invoke(0, RLIMIT_MEMLOCK, unlimited.address(), 0);
        }
    }
}
