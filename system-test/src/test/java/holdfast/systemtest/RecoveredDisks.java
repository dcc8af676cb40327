package holdfast.systemtest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/// The branches of an installation's only recovery instance, seen over NBD as its machine sees
/// them, each known by its size; and the machine that starts from what was brought home.
///
/// @param lab that the instance lives in
record RecoveredDisks(Lab lab) {
    private static final Duration BOOT_MAX = Duration.ofMinutes(5);

    /// Address of the branch of that size.
    String uri(long sizeBytes) throws IOException, InterruptedException {
        var socket = lab.installation.data().resolve("nbd.sock");
        var listed =
                new JsonMapper()
                        .readTree(
                                lab.commands.output(
                                        "nbdinfo",
                                        "--list",
                                        "--json",
                                        "nbd+unix://?socket=" + socket));
        for (var export : listed.required("exports")) {
            if (export.required("export-size").asLong() == sizeBytes) {
                return "nbd+unix:///"
                        + export.required("export-name").asString()
                        + "?socket="
                        + socket;
            }
        }
        throw new AssertionError("no branch of " + sizeBytes + " bytes: " + listed);
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
        var console = lab.directory.resolve("console.log");
        Files.deleteIfExists(console);
        var command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-machine",
                                "q35,accel=tcg",
                                "-cpu",
                                "max",
                                "-m",
                                "512",
                                "-display",
                                "none",
                                "-nic",
                                "none",
                                "-drive",
                                "file=" + system + ",format=raw,if=virtio,snapshot=on",
                                "-serial",
                                "file:" + console));
        command.addAll(firmware.arguments());
        var machine =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(lab.directory.resolve("qemu.log").toFile()));
        lab.keep(machine::destroyForcibly);
        lab.installation.await(
                "the machine's saying '" + text + "'",
                machine,
                BOOT_MAX,
                () -> Files.exists(console) && said(console).contains(text));
        machine.destroyForcibly().waitFor();
    }

    private static String said(Path console) throws IOException {
        return Files.readString(console, StandardCharsets.ISO_8859_1);
    }
}
