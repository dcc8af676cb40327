package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.replication.MachineIdentity;
import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineProbeTest {
    @TempDir Path root;

    @Test
    void readsWhatTheKernelSays() throws Exception {
        put("proc/sys/kernel/hostname", "web-1\n");
        put("proc/sys/kernel/osrelease", "6.1.0-56-cloud-amd64\n");
        put("proc/sys/kernel/random/boot_id", "0a1b\n");
        put("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
        put(
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: Some CPU @ 2.5GHz\nprocessor\t: 1\n"
                        + "model name\t: Some CPU @ 2.5GHz\n");
        put("proc/meminfo", "MemTotal:       16384000 kB\nMemFree: 1 kB\n");
        Files.createDirectories(root.resolve("sys/firmware/efi"));
        var facts = new MachineProbe(root, "0.1").facts("ebpf");
        assertThat(facts.hostname()).isEqualTo("web-1");
        assertThat(facts.os()).isEqualTo("Debian GNU/Linux 12");
        assertThat(facts.kernel()).isEqualTo("6.1.0-56-cloud-amd64");
        assertThat(facts.cpuModel()).isEqualTo("Some CPU @ 2.5GHz");
        assertThat(facts.cpuCount()).isEqualTo(2);
        assertThat(facts.memoryBytes()).isEqualTo(16_384_000L * 1024);
        assertThat(facts.uefi()).isTrue();
        assertThat(facts.bootId()).isEqualTo("0a1b");
        assertThat(facts.tracker()).isEqualTo("ebpf");
    }

    @Test
    void anArmProcessorIsKnownByItsPart() throws Exception {
        put("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
        assertThat(new MachineProbe(root, "0.1").facts("").cpuModel())
                .isEqualTo("implementer 0x41 part 0xd0c");
    }

    @Test
    void aHostNameIsOneThatServersTake() throws Exception {
        assertThat(new MachineProbe(root, "0.1").hostname()).isEqualTo("unknown");
        put("proc/sys/kernel/hostname", "(none)\n");
        assertThat(new MachineProbe(root, "0.1").hostname()).isEqualTo("unknown");
        put("proc/sys/kernel/hostname", "büro (1)\n");
        assertThat(new MachineProbe(root, "0.1").hostname()).isEqualTo("b-ro--1-");
    }

    @Test
    void whatCannotBeFoundOutIsLeftEmpty() {
        var facts = new MachineProbe(root, "0.1").facts("");
        assertThat(facts.memoryBytes()).isZero();
        assertThat(facts.uefi()).isFalse();
    }

    @Test
    void aMachineIsToldFromCopiesByItsFirmwareAndItsCards() throws Exception {
        put("sys/class/dmi/id/product_uuid", "8F4E5F6A-0C1D-4E2B-9A3C-5D6E7F8091A2\n");
        put("sys/class/net/eth0/address", "52:54:00:12:34:56\n");
        put("sys/class/net/eth0/addr_assign_type", "0\n");
        put("sys/class/net/eth0/device/vendor", "0x1af4\n");
        put("sys/class/net/docker0/address", "02:42:ac:11:00:01\n"); // the same on many machines
        put("sys/class/net/wlan0/address", "0e:11:22:33:44:55\n");
        put("sys/class/net/wlan0/addr_assign_type", "1\n");
        put("sys/class/net/wlan0/device/vendor", "0x8086\n");
        var identity = new MachineProbe(root, "0.1").facts("").identity();
        assertThat(identity.systemUuid()).isEqualTo("8f4e5f6a-0c1d-4e2b-9a3c-5d6e7f8091a2");
        assertThat(identity.hardwareAddresses()).containsExactly("52:54:00:12:34:56");
        assertThat(new MachineProbe(root.resolve("none"), "0.1").facts("").identity())
                .isEqualTo(MachineIdentity.UNKNOWN);
    }

    /// The card is one of this machine's, its surroundings are those of the test.
    @Test
    void aCardWithTheDefaultRouteIsToldWithItsSurroundings() throws Exception {
        var card =
                NetworkInterface.networkInterfaces()
                        .filter(one -> !one.getInterfaceAddresses().isEmpty())
                        .filter(one -> !one.getName().equals("lo"))
                        .findFirst();
        assumeTrue(card.isPresent(), "no card has an address");
        var name = card.get().getName();
        put(
                "proc/net/route",
                "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n"
                        + name
                        + "\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\n"
                        + name
                        + "\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\n");
        put("etc/resolv.conf", "nameserver 127.0.0.53\n");
        put(
                "run/systemd/resolve/resolv.conf",
                "nameserver 10.0.2.53\nnameserver ::1\nnameserver 10.0.2.54\nsearch a.example b.example\n");
        var told = new MachineProbe(root, "0.1").facts("").networkInterfaces();
        assertThat(told)
                .filteredOn(one -> one.startsWith(name + " "))
                .singleElement()
                .asString()
                .endsWith(" gateway=10.0.2.1 dns=10.0.2.53,10.0.2.54 domain=a.example");
    }

    private void put(String file, String text) throws IOException {
        var path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
