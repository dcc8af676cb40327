package holdfast.recovery;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// DHCP in a network, by dnsmasq(8), which goes on when this process ends. It answers no names.
///
/// @param time to wait by
record DhcpServer(SmallFiles files, HostCommands commands, Processes processes, TimeSource time) {
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final Duration END_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(20);

    /// Serves what is described. What was leased stays leased.
    void serve(NetworkSpec spec, Path directory) throws IOException, InterruptedException {
        var file = configuration(directory);
        var wanted = text(spec, directory);
        var known = files.readIfPresent(file, FILE_BYTES_MAX);
        if (known.equals(Optional.of(wanted)) && runs(directory)) {
            return;
        }
        end(directory);
        files.write(file, wanted.getBytes(StandardCharsets.UTF_8));
        // it goes to the background by itself, once it listens
        commands.run(Namespaces.in(spec.id(), "dnsmasq", "--conf-file=" + file));
    }

    /// Whether it runs, whoever started it.
    boolean runs(Path directory) throws IOException {
        return process(directory).isPresent();
    }

    /// On return it is gone; quiet if it did not run.
    void end(Path directory) throws IOException, InterruptedException {
        var process = process(directory);
        if (process.isEmpty()) {
            return;
        }
        process.get().destroy();
        var deadline = time.nanoTime() + END_TIMEOUT.toNanos();
        while (process.get().isAlive()) {
            if (time.nanoTime() - deadline > 0) {
                throw new IOException("dnsmasq, process " + process.get().pid() + ", does not end");
            }
            time.sleep(PAUSE);
        }
    }

    /// A number alone proves nothing: only a process whose command line names the network's own
    /// configuration is believed.
    private Optional<ProcessHandle> process(Path directory) throws IOException {
        var noted = files.readIfPresent(pidFile(directory), FILE_BYTES_MAX).orElse("").strip();
        if (!noted.matches("[1-9][0-9]{0,9}")) {
            return Optional.empty();
        }
        var option = "--conf-file=" + configuration(directory);
        return processes
                .find(Long.parseLong(noted))
                .filter(ProcessHandle::isAlive)
                .filter(process ->
                        process.info()
                                .arguments()
                                .filter(arguments -> List.of(arguments).contains(option))
                                .isPresent());
    }

    private static Path configuration(Path directory) {
        return directory.resolve("dnsmasq.conf");
    }

    private static Path pidFile(Path directory) {
        return directory.resolve("dnsmasq.pid");
    }

    private static String text(NetworkSpec spec, Path directory) {
        var range =
                spec.range()
                        .map(given -> given.first() + "," + given.last())
                        .orElse(spec.subnet().network() + ",static");
        var text = new StringBuilder();
        line(text, "port=0"); // no names
        line(text, "interface=", Namespaces.BRIDGE);
        line(text, "except-interface=lo");
        line(text, "bind-interfaces");
        line(text, "no-hosts");
        line(text, "no-resolv");
        line(text, "dhcp-authoritative");
        line(text, "dhcp-range=", range, ",", spec.subnet().netmask(), ",1h");
        line(text, "dhcp-option=option:router,", spec.router());
        line(
                text,
                "dhcp-option=option:dns-server",
                spec.nameServers().stream()
                        .map(server -> "," + server)
                        .collect(Collectors.joining()));
        spec.domain().ifPresent(name -> line(text, "domain=", name));
        spec.reserved().forEach((card, address) -> line(text, "dhcp-host=", card, ",", address));
        line(text, "dhcp-leasefile=", directory.resolve("leases"));
        line(text, "log-facility=", directory.resolve("dnsmasq.log"));
        line(text, "pid-file=", pidFile(directory));
        line(text, "user=nobody");
        return text.toString();
    }

    private static void line(StringBuilder text, Object... parts) {
        for (var part : parts) {
            text.append(part);
        }
        text.append('\n');
    }
}
