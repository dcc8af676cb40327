package holdfast.systemtest;

import holdfast.demo.Installation.Condition;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A machine that a test starts itself, in emulation; Holdfast knows nothing of it. Its first
/// serial port is its console, for reading and for typing. A restart ends it, as switching it off
/// does.
final class QemuMachine implements AutoCloseable {
    /// Where a machine with [#NETWORK] finds this one's loopback.
    static final String HOST = "10.0.2.2";

    /// QEMU's own network, in which the machine is 10.0.2.15.
    static final List<String> NETWORK = List.of("-nic", "user,model=virtio-net-pci");

    static final List<String> NO_NETWORK = List.of("-nic", "none");

    private final Lab lab;
    private final Path console;
    private final Process machine;
    private final BufferedWriter keyboard;

    private QemuMachine(Lab lab, Path console, Process machine) {
        this.lab = lab;
        this.console = console;
        this.machine = machine;
        this.keyboard = machine.outputWriter(StandardCharsets.US_ASCII);
    }

    /// @param name for its console's file in the lab's folder; an earlier one's is overwritten
    /// @param memoryMebibytes that it has
    /// @param more arguments of QEMU: network, disks, and what it starts from
    static QemuMachine start(Lab lab, String name, int memoryMebibytes, List<String> more)
            throws IOException {
        var console = lab.directory.resolve(name + ".console");
        var command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-machine",
                                "q35",
                                "-cpu",
                                "max",
                                "-smp",
                                "2"));
        command.addAll(List.of("-accel", "tcg,thread=multi,tb-size=256"));
        command.addAll(List.of("-m", Integer.toString(memoryMebibytes)));
        command.addAll(List.of("-display", "none", "-serial", "stdio", "-no-reboot"));
        command.addAll(more);
        var machine =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(console.toFile()));
        return lab.keep(new QemuMachine(lab, console, machine));
    }

    /// Has the lab's server tell agents to come by the way that machines reach it; from its next
    /// start on.
    static void letIn(Lab lab) throws IOException {
        Files.createDirectories(lab.installation.data());
        Files.writeString(
                lab.installation.data().resolve("holdfast.properties"), "address=" + HOST + "\n");
    }

    /// Where machines find the lab's API.
    static String url(Lab lab) {
        return "https://" + HOST + ":" + lab.installation.url().replaceAll(".*:", "");
    }

    /// A disk for [#start].
    static List<String> virtioDisk(Path image) {
        return List.of("-drive", "file=" + image + ",format=raw,if=virtio");
    }

    String said() throws IOException {
        return Files.readString(console, StandardCharsets.ISO_8859_1);
    }

    void awaitSaying(String text, Duration atMost) throws IOException, InterruptedException {
        await("the machine's saying '" + text + "'", atMost, () -> said().contains(text));
    }

    /// Polls while the machine runs.
    void await(String what, Duration atMost, Condition condition)
            throws IOException, InterruptedException {
        try {
            lab.installation.await(what, machine, atMost, condition);
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "\n  console: " + said(), e);
        }
    }

    /// Waits until it has been switched off or has restarted.
    void awaitEnd(Duration atMost) throws IOException, InterruptedException {
        if (!machine.waitFor(atMost)) {
            throw new IOException("the machine goes on: " + said());
        }
    }

    /// Types a line.
    void type(String line) throws IOException {
        keyboard.write(line + "\n");
        keyboard.flush();
    }

    Process process() {
        return machine;
    }

    @Override
    public void close() {
        machine.destroyForcibly().onExit().join();
    }
}
