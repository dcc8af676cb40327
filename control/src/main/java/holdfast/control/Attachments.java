package holdfast.control;

import holdfast.recovery.MachineSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which networks recovery instances are in, as rows. Safe for any thread.
final class Attachments {
    /// A hardware address of our own begins with the bit for "locally administered" (IEEE 802).
    private static final String LOCAL = "02";

    private static final int LOCAL_BYTES = 5;

    private final Database database;
    private final NetworkStacks stacks;
    private final Settings<LaunchSettings> settings;

    Attachments(Database database, NetworkStacks stacks, Settings<LaunchSettings> settings) {
        this.database = database;
        this.stacks = stacks;
        this.settings = settings;
    }

    /// Whether it is yet to be decided which networks the instance is in. A machine keeps the cards
    /// that it was launched with, whatever is recovered later.
    boolean undecided(RecoveryInstance instance) throws IOException {
        return database.transact(tx ->
                Instances.require(tx, instance.id()).machine().isEmpty()
                        && of(tx, instance.id()).isEmpty()
                        && !bound(tx, instance.server()).isEmpty());
    }

    private static List<Attachment> of(Transaction tx, String instance) throws DatabaseException {
        return NetworkTables.ATTACHMENTS.select(
                tx, "where instance_id = ? order by position", instance);
    }

    /// Source networks that were recovered and that a server has a card in.
    private static List<SourceNetwork> bound(Transaction tx, String server)
            throws DatabaseException {
        return NetworkTables.SOURCES
                .select(tx, "where stack is not null order by created_at, id")
                .stream()
                .filter(network ->
                        network.captured().stream()
                                .flatMap(captured -> captured.members().stream())
                                .anyMatch(member -> member.server().equals(server)))
                .toList();
    }

    /// Has it decided anew which networks the instance is in.
    static void forget(Transaction tx, String instance) throws DatabaseException {
        for (var attachment : of(tx, instance)) {
            NetworkTables.ATTACHMENTS.delete(tx, attachment);
        }
    }

    /// Decides on the instance's cards, one for each that its server has in a network which was
    /// recovered.
    ///
    /// @return what was decided, in words
    String decide(Transaction tx, RecoveryInstance instance) throws DatabaseException {
        var said = new ArrayList<String>();
        var original = settings.of(tx, instance.server()).copyAddress();
        for (var network : bound(tx, instance.server())) {
            var stack = NetworkStacks.require(tx, network.stack().orElseThrow());
            for (var member : network.captured().orElseThrow().members()) {
                if (!member.server().equals(instance.server())) {
                    continue;
                }
                var id = stack.network(instance.drill());
                var attachment =
                        new Attachment(
                                instance.id(),
                                said.size(),
                                stack.name(),
                                id,
                                original && isFree(tx, id, member.hardwareAddress())
                                        ? member.hardwareAddress()
                                        : own(instance.id(), said.size()));
                NetworkTables.ATTACHMENTS.insert(tx, attachment);
                said.add(id + " as " + attachment.hardwareAddress());
            }
        }
        return String.join(", ", said);
    }

    /// Two cards with one hardware address in one network would be heard by turns.
    private static boolean isFree(Transaction tx, String network, String hardwareAddress)
            throws DatabaseException {
        for (var other :
                NetworkTables.ATTACHMENTS.select(
                        tx,
                        "where network = ? and hardware_address = ?",
                        network,
                        hardwareAddress)) {
            if (NetworkStacks.isAlive(tx, other)) {
                return false;
            }
        }
        return true;
    }

    /// Stable, so that the guest sees the same card when its machine is launched again.
    private static String own(String instance, int position) {
        try {
            var hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest((instance + " " + position).getBytes(StandardCharsets.UTF_8));
            return LOCAL + ":" + HexFormat.ofDelimiter(":").formatHex(hash, 0, LOCAL_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /// Makes the instance's networks on the host where they are not.
    List<MachineSpec.Card> ready(RecoveryInstance instance)
            throws IOException, InterruptedException {
        var cards = new ArrayList<MachineSpec.Card>();
        for (var attachment : database.transact(tx -> of(tx, instance.id()))) {
            stacks.apply(attachment.stack(), instance.drill());
            cards.add(new MachineSpec.Card(attachment.network(), attachment.hardwareAddress()));
        }
        return cards;
    }

    /// Forgets where instances were that are gone.
    void prune() throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var attachment : NetworkTables.ATTACHMENTS.select(tx, "")) {
                if (!NetworkStacks.isAlive(tx, attachment)) {
                    NetworkTables.ATTACHMENTS.delete(tx, attachment);
                }
            }
            return null;
        });
    }
}
