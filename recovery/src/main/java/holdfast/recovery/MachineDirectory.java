package holdfast.recovery;

import holdfast.base.RefusalException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/// The files of one machine: what it needs to run, removed with it, and its evidence, which stays.
///
/// @param id of the machine
/// @param work sockets, pid file, UEFI variables and the launch record
/// @param evidence console log, screenshot, proof, messages of QEMU
record MachineDirectory(String id, Path work, Path evidence) {
    /// Ids become file names and parts of a command line.
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    /// `sun_path` of unix(7) holds 108 bytes with the final NUL.
    private static final int SOCKET_PATH_BYTES_MAX = 107;

    /// @throws IllegalArgumentException if the id could not be a file name
    static MachineDirectory of(Path host, String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not an id of a machine: " + id);
        }
        return new MachineDirectory(
                id, all(host).resolve(id), host.resolve("evidence").resolve(id));
    }

    /// Where the work directories of all machines are.
    static Path all(Path host) {
        return host.resolve("machines");
    }

    Path record() {
        return work.resolve("machine.json");
    }

    Path pidFile() {
        return work.resolve("pid");
    }

    Path uefiVariables() {
        return work.resolve("uefi-variables");
    }

    /// QEMU's control socket (QMP).
    Path control() {
        return work.resolve("qmp.sock");
    }

    /// The serial console, for a person: `socat -,raw,echo=0 UNIX-CONNECT:…`.
    Path console() {
        return work.resolve("console.sock");
    }

    Path guestAgent() {
        return work.resolve("agent.sock");
    }

    /// Where QEMU paints the display, in a form that we turn into PNG.
    Path display() {
        return work.resolve("display.ppm");
    }

    Path consoleLog() {
        return evidence.resolve("console.log");
    }

    /// The console log of the run before this one, if the machine was launched again.
    Path consoleLogBefore() {
        return evidence.resolve("console.before.log");
    }

    /// What a BIOS said on its debug port; UEFI firmware speaks on the serial console.
    Path firmwareLog() {
        return evidence.resolve("firmware.log");
    }

    /// QEMU's own messages.
    Path qemuLog() {
        return evidence.resolve("qemu.log");
    }

    Path screenshot() {
        return evidence.resolve("screen.png");
    }

    Path proof() {
        return evidence.resolve("proof.json");
    }

    /// @throws RefusalException if the path does not fit in a socket address
    static void requireSocketPath(Path socket) {
        var bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > SOCKET_PATH_BYTES_MAX) {
            throw new RefusalException(
                    "socket-path-too-long",
                    String.format(
                            Locale.ROOT,
                            "%s: %d bytes, a Unix socket's path has at most %d; use a data directory with a shorter path",
                            socket,
                            bytes,
                            SOCKET_PATH_BYTES_MAX));
        }
    }
}
