package holdfast.systemtest;

import holdfast.demo.disk.Firmware;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The firmware of a machine in QEMU, with what it remembers when it is off.
///
/// @param arguments of QEMU
record MachineFirmware(List<String> arguments) {
    private static final Path UEFI = Path.of("/usr/share/OVMF");

    /// @param variables file of what it remembers; made new, as a machine's that never started, if
    ///   there is none
    static MachineFirmware of(Firmware kind, Path variables) throws IOException {
        return switch (kind) {
            case BIOS -> new MachineFirmware(List.of());
            case UEFI -> {
                if (!Files.exists(variables)) {
                    Files.copy(UEFI.resolve("OVMF_VARS_4M.fd"), variables);
                }
                yield new MachineFirmware(
                        List.of(
                                "-drive",
                                "if=pflash,format=raw,readonly=on,file="
                                        + UEFI.resolve("OVMF_CODE_4M.fd"),
                                "-drive",
                                "if=pflash,format=raw,file=" + variables));
            }
        };
    }
}
