package holdfast.recovery;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The files of all machines of a host: makes, reads and removes them.
///
/// @param host the host's directory, absolute
record MachineFiles(Filesystem filesystem, SmallFiles files, Path host) {
    private static final int RECORD_BYTES_MAX = 4 << 20;
    private static final int UEFI_VARIABLES_BYTES_MAX = 16 << 20;
    private static final int MESSAGES_BYTES_MAX = 16 << 20;
    private static final int MESSAGE_CHARS_MAX = 500;

    /// Ids of the machines that have a record.
    List<String> recorded() throws IOException {
        return filesystem.list(MachineDirectory.all(host)).stream()
                .filter(id -> filesystem.exists(MachineDirectory.of(host, id).record()))
                .toList();
    }

    Optional<LaunchRecord> record(MachineDirectory directory) throws IOException {
        var text = files.readIfPresent(directory.record(), RECORD_BYTES_MAX);
        return text.isEmpty()
                ? Optional.empty()
                : Optional.of(LaunchRecord.decode(directory.record(), text.get()));
    }

    /// Puts in place what the machine needs. The record goes last and is durable on return, so that
    /// no machine ever runs unrecorded.
    ///
    /// @param uefiVariables the empty store to copy, unless the machine has its own already
    void prepare(LaunchRecord record, MachineDirectory directory, Optional<Path> uefiVariables)
            throws IOException {
        filesystem.createDirectories(directory.work());
        filesystem.createDirectories(directory.evidence());
        // What stays here must tell of the run that begins, not of one before.
        files.deleteIfPresent(directory.proof());
        files.deleteIfPresent(directory.screenshot());
        files.deleteIfPresent(directory.firmwareLog());
        if (filesystem.exists(directory.consoleLog())) {
            filesystem.rename(directory.consoleLog(), directory.consoleLogBefore());
        }
        if (uefiVariables.isPresent() && !filesystem.exists(directory.uefiVariables())) {
            var empty = files.bytes(uefiVariables.get(), UEFI_VARIABLES_BYTES_MAX);
            files.write(directory.uefiVariables(), empty);
        }
        files.write(directory.record(), record.encode());
        filesystem.syncDirectory(MachineDirectory.all(host));
    }

    /// Removes all but the evidence; quiet if there is nothing. The record goes last, so that a
    /// removal that was cut short can be taken up again.
    void remove(MachineDirectory directory) throws IOException {
        if (!filesystem.exists(directory.work())) {
            return;
        }
        for (var name : filesystem.list(directory.work())) {
            var file = directory.work().resolve(name);
            if (!file.equals(directory.record())) {
                files.deleteIfPresent(file);
            }
        }
        files.deleteIfPresent(directory.record());
        filesystem.delete(directory.work());
        filesystem.syncDirectory(MachineDirectory.all(host));
    }

    /// Cuts back what the guest can write to without end.
    void boundLogs(MachineDirectory directory) throws IOException {
        GrowingLog.bound(filesystem, directory.consoleLog());
        GrowingLog.bound(filesystem, directory.firmwareLog());
    }

    /// What QEMU said last, in one line.
    String messages(MachineDirectory directory) throws IOException {
        var text =
                files.readIfPresent(directory.qemuLog(), MESSAGES_BYTES_MAX)
                        .orElse("")
                        .strip()
                        .replaceAll("\\s*\n\\s*", "; ");
        return text.isEmpty()
                ? "it said nothing"
                : text.substring(Math.max(0, text.length() - MESSAGE_CHARS_MAX));
    }
}
