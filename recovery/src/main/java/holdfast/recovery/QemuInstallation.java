package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import java.nio.file.Path;
import java.util.List;

/// Where this host's QEMU and its firmware are.
///
/// @param programs candidates for the emulator, best first
/// @param uefi candidates for UEFI firmware, best first
record QemuInstallation(List<Path> programs, List<UefiFirmware> uefi) {
    /// UEFI firmware for q35 without secure boot: a moved server's own keys are not in ours.
    ///
    /// @param code shared and read only
    /// @param variables the empty store that each machine gets a copy of
    record UefiFirmware(Path code, Path variables) {
        private static UefiFirmware of(String directory, String code, String variables) {
            return new UefiFirmware(Path.of(directory, code), Path.of(directory, variables));
        }
    }

    /// Where distributions put them: Debian and Ubuntu, Fedora and RHEL, Arch.
    static final QemuInstallation USUAL =
            new QemuInstallation(
                    List.of(
                            Path.of("/usr/local/bin/qemu-system-x86_64"),
                            Path.of("/usr/bin/qemu-system-x86_64"),
                            Path.of("/usr/libexec/qemu-kvm")),
                    List.of(
                            UefiFirmware.of(
                                    "/usr/share/OVMF", "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
                            UefiFirmware.of("/usr/share/OVMF", "OVMF_CODE.fd", "OVMF_VARS.fd"),
                            UefiFirmware.of("/usr/share/edk2/ovmf", "OVMF_CODE.fd", "OVMF_VARS.fd"),
                            UefiFirmware.of(
                                    "/usr/share/edk2/x64", "OVMF_CODE.4m.fd", "OVMF_VARS.4m.fd")));

    /// @throws RefusalException if none is installed
    Path program(Filesystem filesystem) {
        return programs.stream()
                .filter(filesystem::exists)
                .findFirst()
                .orElseThrow(() ->
                        new RefusalException(
                                "qemu-missing",
                                "QEMU not found (looked for "
                                        + programs
                                        + "): machines run in it; install it: apt-get install qemu-system-x86"));
    }

    /// @throws RefusalException if none is installed
    UefiFirmware uefiFirmware(Filesystem filesystem) {
        return uefi.stream()
                .filter(firmware -> filesystem.exists(firmware.code()))
                .filter(firmware -> filesystem.exists(firmware.variables()))
                .findFirst()
                .orElseThrow(() ->
                        new RefusalException(
                                "uefi-firmware-missing",
                                "the source boots by UEFI, and UEFI firmware for QEMU was not found; install it: apt-get install ovmf"));
    }
}
