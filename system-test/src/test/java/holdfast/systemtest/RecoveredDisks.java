package holdfast.systemtest;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The branches of an installation's only recovery instance, seen over NBD as its machine sees
/// them, each known by its size; and the machine that starts from what was brought home.
///
/// @param lab that the instance lives in
record RecoveredDisks(Lab lab) {
    private static final Duration BOOT_MAX = Duration.ofMinutes(5);
    private static final int MEMORY_MEBIBYTES = 512;

    /// Address of the branch of that size.
    String uri(long sizeBytes) throws IOException, InterruptedException {
        var branches = new Branches(lab);
        return branches.sizes().entrySet().stream()
                .filter(branch -> branch.getValue() == sizeBytes)
                .map(branch -> branches.uri(branch.getKey()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no branch of " + sizeBytes + " bytes"));
    }

    /// Runs commands of `qemu-io` on the branch of that size, as its machine would write.
    void write(long sizeBytes, List<String> commands) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("qemu-io", "-f", "raw", uri(sizeBytes)));
        commands.forEach(one -> command.addAll(List.of("-c", one)));
        command.addAll(List.of("-c", "flush"));
        lab.commands.run(command).orThrow();
    }

    /// @throws IOException if a byte of the branch and of the disk differs
    void compare(long sizeBytes, Path disk) throws IOException, InterruptedException {
        lab.commands.output(
                "qemu-img",
                "compare",
                "-f",
                "raw",
                "-F",
                "raw",
                "--force-share",
                uri(sizeBytes),
                disk.toString());
    }

    /// That a machine comes to its login prompt from the disk as it is; what it writes is thrown
    /// away.
    void assertBoots(Path system, String prompt) throws IOException, InterruptedException {
        assertSays(system, new MachineFirmware(List.of()), prompt);
    }

    /// That a machine with that firmware says something on its console.
    void assertSays(Path system, MachineFirmware firmware, String text)
            throws IOException, InterruptedException {
        var arguments = new ArrayList<>(QemuMachine.NO_NETWORK);
        arguments.addAll(List.of("-drive", "file=" + system + ",format=raw,if=virtio,snapshot=on"));
        arguments.addAll(firmware.arguments());
        try (var machine = QemuMachine.start(lab, "boot", MEMORY_MEBIBYTES, arguments)) {
            machine.awaitSaying(text, BOOT_MAX);
        }
    }
}
