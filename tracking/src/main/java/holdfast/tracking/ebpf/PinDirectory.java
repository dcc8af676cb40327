package holdfast.tracking.ebpf;

import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.base.linux.LinuxKernel;
import holdfast.tracking.TrackerException;
import holdfast.tracking.TrackerInUseException;
import holdfast.tracking.device.Machine;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.regex.Pattern;

/// The directory in bpffs that keeps one tracker's maps and programs alive, `holdfast/<name>`, and
/// the lock on it: one living process at a time. The lock ends with the process.
final class PinDirectory implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private final Path directory;
    private final LinuxFile lock;

    private PinDirectory(Path directory, LinuxFile lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /// Opens the directory of this name, making it if there is none, and locks it.
    ///
    /// @throws TrackerException if another process has it, or bpffs cannot be used
    static PinDirectory open(Machine machine, String name) throws TrackerException {
        if (!NAME.matcher(name).matches()) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "tracker name '%s': 1 to 64 letters, digits, '-' and '_' are allowed",
                            name));
        }
        try {
            mount(machine.bpf());
            var parent = machine.bpf().resolve("holdfast");
            create(parent);
            refuseForeign(parent);
            var directory = parent.resolve(name);
            while (true) {
                create(directory);
                var lock = LinuxFile.open(directory, LinuxFile.Mode.DIRECTORY);
                if (!lock.tryLock()) {
                    lock.close();
                    throw new TrackerInUseException(name);
                }
                if (!isDeleted(lock)) {
                    return new PinDirectory(directory, lock);
                }
                lock.close(); // its owner discarded it between our opening and our locking
            }
        } catch (LinuxException e) {
            throw new TrackerException(e);
        } catch (TrackerException e) {
            throw e;
        } catch (IOException e) {
            throw new TrackerException("cannot use bpffs at " + machine.bpf() + ": " + e, e);
        }
    }

    private static void mount(Path bpf) throws IOException {
        if (!"bpf".equals(Files.getFileStore(bpf).type())) {
            LinuxKernel.mount("bpf", bpf, "mode=0700");
        }
    }

    private static void create(Path directory) throws IOException {
        try {
            var owner = PosixFilePermissions.fromString("rwx------");
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(owner));
        } catch (FileAlreadyExistsException _) {
            // as wanted; whose it is, is checked next
        }
    }

    /// bpffs may be writable for everyone (its default mode): whoever owns the directory could swap
    /// our maps for their own.
    private static void refuseForeign(Path parent) throws IOException {
        var owner = Files.getAttribute(parent, "unix:uid");
        if (!owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "%s belongs to user %s and not to the agent's: remove it",
                            parent,
                            owner));
        }
    }

    private static boolean isDeleted(LinuxFile file) throws IOException {
        var link = Path.of("/proc/self/fd/" + file.descriptor());
        return Files.readSymbolicLink(link).toString().endsWith(" (deleted)");
    }

    Path path(String pin) {
        return directory.resolve(pin);
    }

    boolean isEmpty() throws TrackerException {
        try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory)) {
            return !pins.iterator().hasNext();
        } catch (IOException e) {
            throw new TrackerException("cannot list " + directory, e);
        }
    }

    /// Removes all pins: what no one has open, the kernel frees.
    void clear() throws TrackerException {
        try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory)) {
            for (var pin : pins) {
                Files.delete(pin);
            }
        } catch (IOException e) {
            throw new TrackerException("cannot remove the pins in " + directory, e);
        }
    }

    /// Removes the directory itself; the lock is held until [#close].
    void remove() throws TrackerException {
        clear();
        try {
            Files.delete(directory);
        } catch (IOException e) {
            throw new TrackerException("cannot remove " + directory, e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
