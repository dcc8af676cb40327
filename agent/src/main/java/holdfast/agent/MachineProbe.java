package holdfast.agent;

import holdfast.replication.MachineFacts;
import holdfast.replication.MachineIdentity;
import java.io.IOException;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Finds out what a recovery instance of this machine must be like, from /proc, /sys and /etc. What
/// cannot be found out is left empty: it never keeps disks from being protected.
///
/// @param root `/`
/// @param version of the agent
public record MachineProbe(Path root, String version) {
    private static final long KIBIBYTE = 1024;

    /// The column of a route's mask in `/proc/net/route`.
    private static final int ROUTE_MASK = 7;

    /// What the kernel is called until somebody names it.
    private static final String UNNAMED = "(none)";

    private static final Pattern NO_NAME_CHARACTER = Pattern.compile("[^A-Za-z0-9._-]");

    /// As `addr_assign_type` says it.
    private static final String RANDOM = "1";

    /// As many as the protocol has room for.
    private static final int ADDRESSES_MAX = 64;

    /// As servers take it: the kernel allows any characters, and begins with a name in parentheses.
    ///
    /// @return up to 253 letters, digits, dots, underscores and hyphens; `unknown` without a name
    public String hostname() {
        return line("proc/sys/kernel/hostname")
                .filter(name -> !name.isBlank() && !name.equals(UNNAMED))
                .map(name -> NO_NAME_CHARACTER.matcher(name).replaceAll("-"))
                .orElse("unknown");
    }

    /// @param tracker one line about it
    public MachineFacts facts(String tracker) {
        var facts =
                new MachineFacts(
                        hostname(),
                        field("etc/os-release", "PRETTY_NAME=")
                                .map(MachineProbe::unquoted)
                                .orElse("Linux"),
                        line("proc/sys/kernel/osrelease").orElse(""),
                        System.getProperty("os.arch"),
                        cpuModel(),
                        (int)
                                lines("proc/cpuinfo")
                                        .filter(line -> line.startsWith("processor"))
                                        .count(),
                        memoryBytes(),
                        Files.isDirectory(root.resolve("sys/firmware/efi")),
                        line("proc/sys/kernel/random/boot_id").orElse(""),
                        version,
                        tracker,
                        networkInterfaces());
        return facts.with(identity());
    }

    /// What tells this machine from another one with a copy of its disks.
    private MachineIdentity identity() {
        return MachineIdentity.of(
                line("sys/class/dmi/id/product_uuid").orElse(""), hardwareAddresses());
    }

    /// Of cards that are hardware, or that a hypervisor shows as such, and whose addresses were not
    /// made up at random (sysfs-class-net: `device`, `addr_assign_type`).
    private List<String> hardwareAddresses() {
        try (var cards = Files.list(root.resolve("sys/class/net"))) {
            return cards.filter(card -> Files.exists(card.resolve("device")))
                    .filter(card ->
                            !line(card.resolve("addr_assign_type")).orElse("").equals(RANDOM))
                    .flatMap(card -> line(card.resolve("address")).stream())
                    .filter(address -> !isZero(address.replace(":", "")))
                    .distinct()
                    .sorted()
                    .limit(ADDRESSES_MAX)
                    .toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    /// ARM processors do not name themselves; their implementer and part do.
    private String cpuModel() {
        return field("proc/cpuinfo", "model name")
                .or(() ->
                        field("proc/cpuinfo", "CPU part")
                                .map(part ->
                                        "implementer "
                                                + field("proc/cpuinfo", "CPU implementer")
                                                        .orElse("unknown")
                                                + " part "
                                                + part))
                .orElse("");
    }

    private long memoryBytes() {
        return field("proc/meminfo", "MemTotal")
                .map(text -> Long.parseLong(text.replace("kB", "").strip()) * KIBIBYTE)
                .orElse(0L);
    }

    private List<String> networkInterfaces() {
        try {
            var described = new ArrayList<String>();
            for (var card : NetworkInterface.networkInterfaces().toList()) {
                addIfThere(card, described);
            }
            return described;
        } catch (SocketException _) {
            return List.of();
        }
    }

    /// Those of containers and machines come and go.
    private void addIfThere(NetworkInterface card, List<String> described) {
        try {
            if (!card.isLoopback()) {
                var there =
                        card.getInterfaceAddresses().isEmpty() ? "" : surroundings(card.getName());
                described.add(described(card) + there);
            }
        } catch (SocketException _) {
            // gone; the others are told all the same
        }
    }

    private static String described(NetworkInterface card) throws SocketException {
        var address = card.getHardwareAddress();
        var hardware = address == null ? "-" : HexFormat.ofDelimiter(":").formatHex(address);
        var addresses =
                card.getInterfaceAddresses().stream()
                        .map(MachineProbe::described)
                        .collect(Collectors.joining(","));
        return (card.getName() + " " + hardware + " " + addresses).strip();
    }

    /// Without the zone that Java adds to link-local addresses.
    private static String described(InterfaceAddress address) {
        var text = address.getAddress().getHostAddress();
        var zone = text.indexOf('%');
        return (zone < 0 ? text : text.substring(0, zone)) + "/" + address.getNetworkPrefixLength();
    }

    /// What a machine in the same network would have to be told by DHCP: ` gateway=<address>` and,
    /// behind that, ` dns=<address>,...` and ` domain=<name>`, of the card with the default route.
    private String surroundings(String card) {
        var gateway = gateway(card);
        if (gateway.isEmpty()) {
            return "";
        }
        var resolver = new Resolver(lines("etc/resolv.conf").toList());
        if (resolver.nameServers().isEmpty()) { // those behind a local one (systemd-resolved(8))
            resolver = new Resolver(lines("run/systemd/resolve/resolv.conf").toList());
        }
        var text = new StringBuilder(" gateway=").append(gateway.get());
        if (!resolver.nameServers().isEmpty()) {
            text.append(" dns=").append(String.join(",", resolver.nameServers()));
        }
        resolver.domain().ifPresent(name -> text.append(" domain=").append(name));
        return text.toString();
    }

    /// From the default route, whose destination and mask are zero (proc_pid_net(5): numbers are in
    /// hexadecimal and the machine's byte order).
    private Optional<String> gateway(String card) {
        return lines("proc/net/route")
                .map(line -> line.split("\t", -1))
                .filter(route -> route.length > ROUTE_MASK && route[0].equals(card))
                .filter(route -> isZero(route[1]) && isZero(route[ROUTE_MASK]))
                .filter(route -> !isZero(route[2]))
                .map(route -> dotted(Integer.parseUnsignedInt(route[2], 16)))
                .findFirst();
    }

    private static boolean isZero(String hexadecimal) {
        return hexadecimal.matches("0+");
    }

    /// All processors that agents run on have the lowest byte first.
    private static String dotted(int address) {
        return (address & 0xff)
                + "."
                + (address >>> 8 & 0xff)
                + "."
                + (address >>> 16 & 0xff)
                + "."
                + (address >>> 24);
    }

    private Optional<String> line(String file) {
        return line(root.resolve(file));
    }

    private static Optional<String> line(Path file) {
        return lines(file).findFirst().map(String::strip);
    }

    /// What follows `name` and a colon, if one is there, in the first line that begins so.
    private Optional<String> field(String file, String name) {
        return lines(file)
                .filter(line -> line.startsWith(name))
                .findFirst()
                .map(line -> line.substring(name.length()).strip())
                .map(text -> text.startsWith(":") ? text.substring(1).strip() : text);
    }

    private static String unquoted(String text) {
        return text.length() > 1 && text.startsWith("\"") && text.endsWith("\"")
                ? text.substring(1, text.length() - 1)
                : text;
    }

    private Stream<String> lines(String file) {
        return lines(root.resolve(file));
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException _) {
            return Stream.empty();
        }
    }
}
