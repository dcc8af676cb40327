package holdfast.recovery;

import java.util.regex.Pattern;

/// A range of IPv4 addresses with a common prefix.
///
/// @param network its first address
/// @param prefix bits that all addresses share
public record Subnet(Ipv4 network, int prefix) {
    private static final Pattern FORM = Pattern.compile("([0-9.]+)/([0-9]{1,2})");

    /// @throws IllegalArgumentException if the first address is not that of the prefix
    public Subnet {
        if (prefix < 0 || prefix > Integer.SIZE || (network.bits() & ~mask(prefix)) != 0) {
            throw new IllegalArgumentException(
                    "not the first address of a subnet: " + network + "/" + prefix);
        }
    }

    /// @throws IllegalArgumentException if this is none, such as `10.0.0.1/24`
    public static Subnet parse(String text) {
        var parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("not a subnet such as 10.0.0.0/24: " + text);
        }
        return new Subnet(Ipv4.parse(parts.group(1)), Integer.parseInt(parts.group(2)));
    }

    /// The subnet that an address of an interface is in.
    public static Subnet around(Ipv4 address, int prefix) {
        return new Subnet(new Ipv4(address.bits() & mask(prefix)), prefix);
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << (Integer.SIZE - prefix);
    }

    public boolean contains(Ipv4 address) {
        return (address.bits() & mask(prefix)) == network.bits();
    }

    /// Addresses that machines may have: neither that of the subnet nor the one for broadcasts.
    public boolean isHost(Ipv4 address) {
        return contains(address) && !address.equals(network) && !address.equals(broadcast());
    }

    public Ipv4 firstHost() {
        return network.plus(1);
    }

    public Ipv4 lastHost() {
        return new Ipv4(broadcast().bits() - 1);
    }

    private Ipv4 broadcast() {
        return new Ipv4(network.bits() | ~mask(prefix));
    }

    /// Dotted.
    public String netmask() {
        return new Ipv4(mask(prefix)).toString();
    }

    @Override
    public String toString() {
        return network + "/" + prefix;
    }
}
