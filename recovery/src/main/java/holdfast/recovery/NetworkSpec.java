package holdfast.recovery;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// A network to make on the launch host. It has no way out: see `docs/operations/networks.md`.
///
/// @param id names it on the host, as what is seen there too
/// @param address of the host's own end, from which it answers DHCP
/// @param router that machines are told of
/// @param range of addresses that machines are given; none are if it is empty
/// @param nameServers that machines are told of, if any
/// @param domain that machines are told of
/// @param rules what may be begun in it; the rest is dropped
/// @param reserved addresses that machines are given by the hardware addresses of their cards
public record NetworkSpec(
        String id,
        Subnet subnet,
        Ipv4 address,
        Ipv4 router,
        Optional<Range> range,
        List<Ipv4> nameServers,
        Optional<String> domain,
        List<FirewallRule> rules,
        SortedMap<String, Ipv4> reserved) {
    static final Pattern ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
    private static final Pattern DOMAIN =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?");
    private static final Pattern HARDWARE_ADDRESS = Pattern.compile("([0-9a-f]{2}:){5}[0-9a-f]{2}");

    /// Addresses, the first and the last one included.
    public record Range(Ipv4 first, Ipv4 last) {
        /// @throws IllegalArgumentException if the last is before the first
        public Range {
            if (last.compareTo(first) < 0) {
                throw new IllegalArgumentException("not a range: " + first + " to " + last);
            }
        }
    }

    /// @throws IllegalArgumentException if anything could not stand in a command or in a
    ///   configuration, or an address is not of the subnet
    public NetworkSpec {
        require(ID.matcher(id).matches(), "id of a network", id);
        require(subnet.isHost(address), "address in " + subnet, address);
        require(subnet.isHost(router), "address in " + subnet, router);
        range.ifPresent(given -> {
            require(subnet.isHost(given.first()), "address in " + subnet, given.first());
            require(subnet.isHost(given.last()), "address in " + subnet, given.last());
        });
        domain.ifPresent(name -> requireDomain(name));
        reserved.forEach((card, ip) -> {
            requireHardwareAddress(card);
            require(subnet.isHost(ip), "address in " + subnet, ip);
        });
        nameServers = List.copyOf(nameServers);
        rules = List.copyOf(rules);
        reserved =
                Collections.unmodifiableSortedMap(
                        new TreeMap<String, Ipv4>((Map<String, Ipv4>) reserved));
    }

    /// @throws IllegalArgumentException if this is no name of a domain
    public static void requireDomain(String name) {
        require(DOMAIN.matcher(name).matches(), "name of a domain", name);
    }

    /// @throws IllegalArgumentException if it is not of the form `52:54:00:12:34:56`
    public static void requireHardwareAddress(String text) {
        require(
                HARDWARE_ADDRESS.matcher(text).matches(),
                "hardware address such as 52:54:00:12:34:56",
                text);
    }

    private static void require(boolean holds, String what, Object found) {
        if (!holds) {
            throw new IllegalArgumentException("not a proper " + what + ": " + found);
        }
    }
}
