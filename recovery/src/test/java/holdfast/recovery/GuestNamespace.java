package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What stands for a machine in a network: a network namespace with a card that is plugged into the
/// network's bridge.
final class GuestNamespace implements AutoCloseable {
    private static final Path SCRIPT_HOME = Path.of(System.getProperty("java.io.tmpdir"));

    private final String name;
    private final List<Process> started = new ArrayList<>();

    /// @param index tells several of one test apart
    GuestNamespace(String network, int index, String hardwareAddress) throws Exception {
        name = "hfguest" + index + "-" + ProcessHandle.current().pid();
        var card = "hfg" + index + "x" + ProcessHandle.current().pid();
        must("ip", "netns", "add", name);
        must(
                "ip",
                "link",
                "add",
                card,
                "netns",
                Namespaces.name(network),
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "address",
                hardwareAddress,
                "netns",
                name);
        must(Namespaces.ip(network, "link", "set", card, "master", "br0", "up"));
        must("ip", "-n", name, "link", "set", "lo", "up");
        must("ip", "-n", name, "link", "set", "eth0", "up");
    }

    /// Asks for an address by DHCP and takes it.
    ///
    /// @return what the client was told, as variables
    String dhcp() throws Exception {
        var script = Files.createTempFile(SCRIPT_HOME, "udhcpc", ".sh");
        Files.writeString(
                script,
                """
                #!/bin/sh
                [ "$1" = bound ] || exit 0
                ip address replace $ip/$mask dev $interface
                ip route replace default via $router
                echo "ip=$ip/$mask router=$router dns=$dns domain=$domain"
                """);
        assertThat(script.toFile().setExecutable(true)).isTrue();
        try {
            return output(
                    "busybox",
                    "udhcpc",
                    "-i",
                    "eth0",
                    "-n",
                    "-q",
                    "-f",
                    "-t",
                    "10",
                    "-s",
                    script.toString());
        } finally {
            Files.delete(script);
        }
    }

    /// Answers `hello` to whoever connects first.
    void listen(int port) throws Exception {
        var command = in("busybox", "nc", "-l", "-p", "" + port, "-e", "/bin/echo", "hello");
        started.add(new ProcessBuilder(command).inheritIO().start());
        var bound = String.format("%04X", port);
        while (!output("cat", "/proc/net/tcp").contains(":" + bound + " 00000000:0000 0A")
                && !output("cat", "/proc/net/tcp6").contains(":" + bound + " ")) {
            Thread.sleep(20);
        }
    }

    /// What it hears when it connects.
    String connect(String address, int port) throws Exception {
        return said(in("busybox", "nc", "-w", "30", address, "" + port)).strip();
    }

    /// Whether it hears something within two seconds.
    boolean reaches(String address, int port) throws Exception {
        return said(in("busybox", "nc", "-w", "2", address, "" + port)).contains("hello");
    }

    boolean pings(String address) throws Exception {
        return said(in("busybox", "ping", "-c", "1", "-W", "2", address))
                .contains("1 packets received");
    }

    String output(String... program) throws Exception {
        return said(in(program));
    }

    private List<String> in(String... program) {
        var command = new ArrayList<>(List.of("ip", "netns", "exec", name));
        command.addAll(List.of(program));
        return command;
    }

    private static String said(List<String> command) throws Exception {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ends", command).isTrue();
        return said;
    }

    static void must(String... command) throws Exception {
        must(List.of(command));
    }

    static void must(List<String> command) throws Exception {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", command, said).isZero();
    }

    @Override
    public void close() throws IOException {
        started.forEach(Process::destroyForcibly);
        new ProcessBuilder("ip", "netns", "delete", name).start().onExit().join();
    }
}
