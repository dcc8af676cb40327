package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.recovery.FirewallRule;
import holdfast.recovery.Ipv4;
import holdfast.recovery.NetworkSpec;
import holdfast.recovery.Subnet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The networks that source servers are in, as their agents tell, and what operators say of them. A
/// network is known by its subnet: servers whose cards are in the same one are in one network. Safe
/// for any thread.
public final class Networks {
    /// As agents tell of a card, see [holdfast.replication.MachineFacts].
    private static final Pattern CARD =
            Pattern.compile(
                    "\\S+ (?<mac>(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}) (?<addresses>\\S+)(?: gateway=(?<gateway>\\S+))?(?: dns=(?<dns>\\S+))?(?: domain=(?<domain>\\S+))?");

    private static final int ID_DIGITS = 17;

    private final Database database;

    /// @param id `vpc-` and 17 hex digits, the same for the same subnet
    public record Network(String id, NetworkDescription description) {}

    /// What one server's card says.
    private record Told(
            Subnet subnet,
            NetworkDescription.Member member,
            Optional<Ipv4> gateway,
            List<Ipv4> nameServers,
            Optional<String> domain) {}

    Networks(Database database) {
        this.database = database;
    }

    /// Those that there are, by their subnets.
    public List<Network> list() throws IOException {
        return database.transact(Networks::list);
    }

    /// @throws RefusalException if there is none
    public Network get(String id) throws IOException {
        return database.transact(tx -> require(tx, id));
    }

    /// Says what a network is like, instead of what was said before.
    ///
    /// @throws RefusalException if there is no such network, or it could not be made so
    public Network set(String id, NetworkChange change) throws IOException {
        return database.transact(tx -> {
            var found = found(tx).get(id);
            if (found == null) {
                throw unknown(id);
            }
            Network changed;
            try {
                changed = new Network(id, change.applied(found));
            } catch (IllegalArgumentException e) {
                throw new RefusalException("malformed-network", String.valueOf(e.getMessage()));
            }
            var kept = new NetworkChange.Kept(id, change);
            if (NetworkTables.CHANGES.find(tx, id).isPresent()) {
                NetworkTables.CHANGES.update(tx, kept);
            } else {
                NetworkTables.CHANGES.insert(tx, kept);
            }
            return changed;
        });
    }

    static List<Network> list(Transaction tx) throws DatabaseException {
        var networks = new ArrayList<Network>();
        for (var entry : found(tx).entrySet()) {
            networks.add(changed(tx, entry.getKey(), entry.getValue()));
        }
        return networks;
    }

    static Optional<Network> find(Transaction tx, String id) throws DatabaseException {
        var found = found(tx).get(id);
        return found == null ? Optional.empty() : Optional.of(changed(tx, id, found));
    }

    private static Network require(Transaction tx, String id) throws DatabaseException {
        return find(tx, id).orElseThrow(() -> unknown(id));
    }

    static RefusalException unknown(String id) {
        return new RefusalException(
                "unknown-network",
                "no network " + id + ": `holdfast networks` lists those that agents tell of");
    }

    private static Network changed(Transaction tx, String id, NetworkDescription found)
            throws DatabaseException {
        var change = NetworkTables.CHANGES.find(tx, id).map(NetworkChange.Kept::change);
        return new Network(id, change.orElse(NetworkChange.NONE).applied(found));
    }

    private static Map<String, NetworkDescription> found(Transaction tx) throws DatabaseException {
        var bySubnet = new TreeMap<String, List<Told>>();
        for (var server :
                Tables.SERVERS.select(
                        tx,
                        "where state not in ('DELETED', 'DISCONNECTED') order by enrolled_at, id")) {
            server.machine()
                    .ifPresent(facts ->
                            facts.networkInterfaces().stream()
                                    .flatMap(card -> told(server.id(), card).stream())
                                    .forEach(told ->
                                            bySubnet.computeIfAbsent(
                                                            told.subnet().toString(),
                                                            _ -> new ArrayList<>())
                                                    .add(told)));
        }
        var networks = new TreeMap<String, NetworkDescription>();
        bySubnet.values()
                .forEach(told -> {
                    var subnet = told.getFirst().subnet();
                    networks.put(id(subnet), description(subnet, told));
                });
        return networks;
    }

    /// A card may have addresses in several subnets.
    private static List<Told> told(String server, String card) {
        var parts = CARD.matcher(card);
        if (!parts.matches()) {
            return List.of();
        }
        var all = new ArrayList<Told>();
        for (var text : parts.group("addresses").split(",", -1)) {
            var slash = text.indexOf('/');
            var address = slash < 0 ? Optional.<Ipv4>empty() : address(text.substring(0, slash));
            if (address.isEmpty()) {
                continue; // of another protocol
            }
            var prefix = Integer.parseInt(text.substring(slash + 1));
            if (prefix < NetworkDescription.PREFIX_MIN || prefix > NetworkDescription.PREFIX_MAX) {
                continue;
            }
            var subnet = Subnet.around(address.get(), prefix);
            all.add(
                    new Told(
                            subnet,
                            new NetworkDescription.Member(
                                    server,
                                    parts.group("mac").toLowerCase(Locale.ROOT),
                                    address.get()),
                            address(parts.group("gateway")).filter(subnet::isHost),
                            addresses(parts.group("dns")),
                            Optional.ofNullable(parts.group("domain")).filter(Networks::isDomain)));
        }
        return all;
    }

    private static Optional<Ipv4> address(@Nullable String text) {
        try {
            return text == null ? Optional.empty() : Optional.of(Ipv4.parse(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static List<Ipv4> addresses(@Nullable String text) {
        return text == null
                ? List.of()
                : List.of(text.split(",", -1)).stream()
                        .flatMap(one -> address(one).stream())
                        .limit(3) // resolvers ask no more of them (MAXNS)
                        .toList();
    }

    private static boolean isDomain(String text) {
        try {
            NetworkSpec.requireDomain(text);
            return true;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    /// Whoever is first to say something is believed; the gateway of a network in which nobody
    /// names one is its first address that is free.
    private static NetworkDescription description(Subnet subnet, List<Told> told) {
        var taken = new HashSet<Ipv4>();
        told.forEach(one -> taken.add(one.member().address()));
        var free = subnet.firstHost();
        while (taken.contains(free) && !free.equals(subnet.lastHost())) {
            free = free.plus(1);
        }
        return new NetworkDescription(
                subnet,
                told.stream().flatMap(one -> one.gateway().stream()).findFirst().orElse(free),
                Optional.of(new NetworkSpec.Range(subnet.firstHost(), subnet.lastHost())),
                told.stream()
                        .map(Told::nameServers)
                        .filter(servers -> !servers.isEmpty())
                        .findFirst()
                        .orElse(List.of()),
                told.stream().flatMap(one -> one.domain().stream()).findFirst(),
                List.of(FirewallRule.within(subnet)),
                told.stream().map(Told::member).distinct().toList());
    }

    private static String id(Subnet subnet) {
        try {
            var hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(("network " + subnet).getBytes(StandardCharsets.UTF_8));
            return "vpc-" + HexFormat.of().formatHex(hash).substring(0, ID_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
