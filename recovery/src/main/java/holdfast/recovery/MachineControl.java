package holdfast.recovery;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// What is asked of a running machine's QEMU, each in a short session of its own. A machine that
/// does not answer is no error here: it may be ending.
///
/// Holds nothing open between calls. The caller sees to it that one thread at a time asks one
/// machine.
record MachineControl(Network network, TimeSource time, SmallFiles files) {
    private static final System.Logger LOG = System.getLogger(QemuHost.class.getName());
    private static final Duration TIMEOUT = Duration.ofSeconds(3);
    private static final Duration QUIT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration SCREENSHOT_TIMEOUT = Duration.ofSeconds(10);

    /// Whether it is there to be asked, which it is once all its disks are open.
    boolean answers(MachineDirectory directory) {
        try (var _ = connect(directory)) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    /// Resumes the machine if an error of a disk has halted it.
    ///
    /// @return whether it was halted
    boolean resume(MachineDirectory directory) {
        try (var qemu = connect(directory)) {
            var status = qemu.execute("query-status", Map.of(), TIMEOUT).get("status");
            if (status == null || !status.isString() || !status.stringValue().equals("io-error")) {
                return false;
            }
            qemu.execute("cont", Map.of(), TIMEOUT);
            LOG.log(
                    Level.WARNING,
                    "machine={0} halted -> running (resumed after an error of a disk)",
                    directory.id());
            return true;
        } catch (IOException _) {
            return false; // it ends, or is busy: whoever asks next will see
        }
    }

    /// Keeps a picture of the display with the evidence; empty if none could be taken.
    Optional<Path> takeScreenshot(MachineDirectory directory) {
        try (var qemu = connect(directory, SCREENSHOT_TIMEOUT)) {
            var display = directory.display();
            qemu.execute("screendump", Map.of("filename", display + ""), SCREENSHOT_TIMEOUT);
            var ppm = files.bytes(display, Screenshot.BYTES_MAX);
            files.deleteIfPresent(display);
            files.write(directory.screenshot(), Screenshot.pngOf(ppm));
            return Optional.of(directory.screenshot());
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "machine={0} screenshot=none reason=\"{1}\"",
                    directory.id(),
                    e.getMessage());
            return Optional.empty();
        }
    }

    /// Presses the machine's power button, which a guest may heed or not.
    void powerDown(MachineDirectory directory) {
        try (var qemu = connect(directory)) {
            qemu.execute("system_powerdown", Map.of(), TIMEOUT);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "machine={0} powerdown=\"{1}\"", directory.id(), e.getMessage());
        }
    }

    /// Asks the machine's QEMU to end, which flushes its disks and closes their connections.
    /// Whether it does shows in its process, not here: QEMU often ends without an answer.
    void quit(MachineDirectory directory) {
        try (var qemu = connect(directory)) {
            qemu.execute("quit", Map.of(), QUIT_TIMEOUT);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "machine={0} quit=\"{1}\"", directory.id(), e.getMessage());
        }
    }

    private QmpClient connect(MachineDirectory directory) throws IOException {
        return connect(directory, TIMEOUT);
    }

    private QmpClient connect(MachineDirectory directory, Duration timeout) throws IOException {
        return QmpClient.connect(network, time, directory.control(), timeout);
    }
}
