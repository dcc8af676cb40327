package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real bridges in real network namespaces, with real DHCP and firewall rules.
class LinuxNetworksTest {
    private static final Subnet SUBNET = Subnet.parse("10.77.1.0/24");
    private static final String CARD_1 = "52:54:00:00:00:01";
    private static final String CARD_2 = "52:54:00:00:00:02";

    @TempDir private Path directory;
    private LinuxNetworks networks;
    private String id;

    @BeforeAll
    static void needsRootAndPrograms() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        for (var program : List.of("/usr/sbin/nft", "/usr/sbin/dnsmasq", "/usr/bin/busybox")) {
            assumeTrue(
                    Files.exists(Path.of(program)) || Files.exists(Path.of("/bin/busybox")),
                    program + " is missing");
        }
    }

    @BeforeEach
    void open() throws IOException {
        networks = host();
        id = "vpc-test" + ProcessHandle.current().pid();
    }

    private LinuxNetworks host() throws IOException {
        return new LinuxNetworks(
                directory, Filesystem.local(), Processes.system(), TimeSource.system());
    }

    @AfterEach
    void remove() throws Exception {
        networks.remove(id);
    }

    private NetworkSpec spec(SortedMap<String, Ipv4> reserved, FirewallRule... rules) {
        return new NetworkSpec(
                id,
                SUBNET,
                Ipv4.parse("10.77.1.1"),
                Ipv4.parse("10.77.1.1"),
                Optional.of(
                        new NetworkSpec.Range(
                                Ipv4.parse("10.77.1.100"), Ipv4.parse("10.77.1.110"))),
                List.of(Ipv4.parse("10.77.1.53")),
                Optional.of("web.example"),
                List.of(rules),
                reserved);
    }

    private static SortedMap<String, Ipv4> reserved(String card, String address) {
        return new TreeMap<>(java.util.Map.of(card, Ipv4.parse(address)));
    }

    private static FirewallRule tcp(String source, int port) {
        return new FirewallRule(FirewallRule.Protocol.TCP, Subnet.parse(source), port, port);
    }

    @Test
    void machinesGetAddressesAndOnlyWhatTheRulesAllowPasses() throws Exception {
        networks.apply(spec(reserved(CARD_1, "10.77.1.20"), tcp("10.77.1.0/24", 8080)));
        assertThat(networks.isUp(id)).isTrue();
        try (var one = new GuestNamespace(id, 1, CARD_1);
                var two = new GuestNamespace(id, 2, CARD_2)) {
            assertThat(one.dhcp())
                    .contains(
                            "ip=10.77.1.20/24 router=10.77.1.1 dns=10.77.1.53 domain=web.example");
            assertThat(two.dhcp()).containsPattern("ip=10\\.77\\.1\\.1(0[0-9]|10)/24");
            assertThat(two.pings("10.77.1.1")).as("the host's end").isTrue();
            one.listen(8080);
            assertThat(two.connect("10.77.1.20", 8080)).isEqualTo("hello");
            one.listen(8081);
            assertThat(two.reaches("10.77.1.20", 8081)).as("no rule allows it").isFalse();
            assertThat(two.pings("10.77.1.20")).as("no rule allows it").isFalse();
            // nothing else of the host is there: no address of its own, no way out
            assertThat(two.pings("127.0.0.1")).isTrue();
            assertThat(two.pings(hostAddress())).isFalse();

            // other rules and another reservation, with the machines attached
            networks.apply(
                    spec(
                            reserved(CARD_2, "10.77.1.30"),
                            tcp("10.77.1.30/32", 8081),
                            new FirewallRule(FirewallRule.Protocol.ICMP, SUBNET, 0, 0)));
            assertThat(two.dhcp()).contains("ip=10.77.1.30/24");
            assertThat(two.output("ip", "address", "flush", "dev", "eth0")).isEmpty();
            assertThat(two.dhcp()).contains("ip=10.77.1.30/24");
            assertThat(two.connect("10.77.1.20", 8081)).isEqualTo("hello");
            assertThat(two.pings("10.77.1.20")).isTrue();
            one.listen(8080);
            assertThat(two.reaches("10.77.1.20", 8080)).isFalse();
        }
    }

    private static String hostAddress() throws IOException {
        return java.net.NetworkInterface.networkInterfaces()
                .flatMap(java.net.NetworkInterface::inetAddresses)
                .filter(address -> address instanceof java.net.Inet4Address)
                .filter(address -> !address.isLoopbackAddress())
                .map(java.net.InetAddress::getHostAddress)
                .findFirst()
                .orElse("192.0.2.1");
    }

    /// What a process that was killed left is found, mended and removed by the next one.
    @Test
    void aNetworkOutlivesWhoMadeItAndIsMendedAndRemovedByTheNext() throws Exception {
        networks.apply(spec(new TreeMap<>(), FirewallRule.within(SUBNET)));
        var later = host();
        assertThat(later.networks()).containsExactly(id);
        assertThat(later.isUp(id)).isTrue();
        var pid = Files.readString(directory.resolve("networks/" + id + "/dnsmasq.pid")).strip();
        var dhcp = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
        dhcp.destroyForcibly();
        dhcp.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        assertThat(later.isUp(id)).isFalse();
        later.apply(spec(new TreeMap<>(), FirewallRule.within(SUBNET)));
        assertThat(later.isUp(id)).isTrue();
        later.remove(id);
        assertThat(later.networks()).isEmpty();
        assertThat(Files.exists(Namespaces.path(id))).isFalse();
        assertThat(later.isUp(id)).isFalse();
        later.remove(id); // quiet
    }

    @Test
    void aMachinesCardIsInTheNetworkAndGoesWithEither() throws Exception {
        var disk = directory.resolve("empty.img");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(16 << 20);
        }
        networks.apply(spec(new TreeMap<>(), FirewallRule.within(SUBNET)));
        var host =
                new QemuHost(
                        directory,
                        Filesystem.local(),
                        Network.system(),
                        Processes.system(),
                        TimeSource.system());
        var machine = "i-00000000000000001";
        var tap = Namespaces.tap(machine, 0);
        try (var server = new DiskServer(disk, directory)) {
            var spec =
                    new MachineSpec(
                            machine,
                            "web1",
                            1,
                            256 << 20,
                            false,
                            List.of(server.disk()),
                            List.of(new MachineSpec.Card(id, CARD_1)));
            try {
                host.launch(spec);
                assertThat(host.launch(spec).running()).as("again").isTrue();
                assertThat(cards()).contains(tap);
                assertThat(Files.exists(Path.of("/sys/class/net", tap)))
                        .as("seen by the host")
                        .isFalse();
                host.terminate(machine);
                assertThat(cards()).doesNotContain(tap);

                networks.remove(id);
                assertThatThrownBy(() -> host.launch(spec))
                        .hasMessageContaining("its network " + id + " is not there");
                assertThat(host.machines()).isEmpty();
            } finally {
                host.terminate(machine);
            }
        }
    }

    private String cards() throws Exception {
        var process =
                new ProcessBuilder(Namespaces.ip(id, "-brief", "link", "show", "master", "br0"))
                        .start();
        return new String(process.getInputStream().readAllBytes());
    }
}
