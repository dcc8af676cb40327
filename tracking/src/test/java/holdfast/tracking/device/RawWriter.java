package holdfast.tracking.device;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// Writes to a block device in units of sectors, which the JDK's direct channels do not. Trackers
/// only read, so the product has no such thing.
public final class RawWriter implements AutoCloseable {
    private static final int O_WRONLY = 1;
    private static final int O_DIRECT =
            "aarch64".equals(System.getProperty("os.arch")) ? 0200000 : 040000;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final MethodHandle OPEN =
            link("open", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT));
    private static final MethodHandle WRITE =
            link("pwrite", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, LONG));
    private static final MethodHandle SYNC = link("fdatasync", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle CLOSE = link("close", FunctionDescriptor.of(INT, INT));

    private final int descriptor;

    /// @param direct past the page cache; otherwise into it, and to the disk with [#flush]
    public RawWriter(Path device, boolean direct) throws IOException {
        try (var arena = Arena.ofConfined()) {
            descriptor =
                    (int)
                            OPEN.invokeExact(
                                    arena.allocateFrom(device.toString()),
                                    direct ? O_WRONLY | O_DIRECT : O_WRONLY);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        require(descriptor >= 0, "open of " + device);
    }

    /// @param bytes whole sectors, aligned to 4096
    public void write(MemorySegment bytes, long offsetBytes) throws IOException {
        try {
            var written =
                    (long) WRITE.invokeExact(descriptor, bytes, bytes.byteSize(), offsetBytes);
            require(written == bytes.byteSize(), "write at " + offsetBytes);
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    public void flush() throws IOException {
        try {
            require((int) SYNC.invokeExact(descriptor) == 0, "flush");
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            require((int) CLOSE.invokeExact(descriptor) == 0, "close");
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static void require(boolean done, String what) throws IOException {
        if (!done) {
            throw new IOException(what + " was refused");
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle link(String name, FunctionDescriptor shape) {
        var linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), shape);
    }
}
