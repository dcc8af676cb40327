package holdfast.control;

import holdfast.replication.MachineFacts;
import holdfast.replication.MachineIdentity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Which machine a source server is, so that a copy of it does not replicate in its place: a
/// recovery instance, an exported image, a restored backup. All of them hold the agent and its
/// certificate.
///
/// @param identity of the machine, as far as its agent has said it
/// @param bootId of its newest boot that had a session
/// @param boots how often that has changed
/// @param formerBoots those before, the newest last; a boot that was followed by another never
///   comes back
/// @param heir the machine that a failback has made to what the server was, if there is one
/// @param refused other machines that have asked to replicate, the newest last
public record ServerMachine(
        String server,
        MachineIdentity identity,
        String bootId,
        long boots,
        List<String> formerBoots,
        Optional<MachineIdentity> heir,
        List<Refused> refused) {
    private static final int FORMER_BOOTS_MAX = 64;
    private static final int REFUSED_MAX = 8;

    public ServerMachine {
        formerBoots = List.copyOf(formerBoots);
        refused = List.copyOf(refused);
    }

    /// A machine that asked to replicate as the server and may not.
    ///
    /// @param address where it last dialled from
    /// @param why it was taken for another machine
    /// @param firstAt when it first asked in its present boot
    /// @param lastAt when it last did
    public record Refused(
            MachineIdentity identity,
            String bootId,
            String hostname,
            String address,
            String why,
            Instant firstAt,
            Instant lastAt) {}

    /// What is to be done about a machine that asks to replicate.
    sealed interface Verdict {
        /// It is the server.
        record Admit() implements Verdict {}

        /// It may be the server, after a restart or on the hardware that it was failed back to: if
        /// the one that replicates now is alive, it is not.
        record AdmitInstead(String otherwise) implements Verdict {}

        record Refuse(String why) implements Verdict {}
    }

    /// Of a server whose agent has not connected yet.
    static ServerMachine of(String server, MachineFacts machine) {
        return new ServerMachine(
                server,
                machine.identity(),
                machine.bootId(),
                0,
                List.of(),
                Optional.empty(),
                List.of());
    }

    /// Pure: no clock, no I/O.
    Verdict judge(MachineFacts machine) {
        var likeness = identity.likeness(machine.identity());
        if (likeness == MachineIdentity.Likeness.OTHER) {
            var why =
                    String.format(
                            Locale.ROOT,
                            "the server has %s, and this machine %s",
                            identity,
                            machine.identity());
            var inherits =
                    heir.filter(known ->
                                    known.likeness(machine.identity())
                                            == MachineIdentity.Likeness.SAME)
                            .isPresent();
            return inherits
                    ? new Verdict.AdmitInstead(why + ", while the server replicates")
                    : new Verdict.Refuse(why);
        }
        if (machine.bootId().equals(bootId)) {
            return new Verdict.Admit();
        }
        if (formerBoots.contains(machine.bootId())) {
            return new Verdict.Refuse(
                    "another machine, or another boot of it, has replicated as the server since");
        }
        if (refused.stream().anyMatch(other -> other.bootId().equals(machine.bootId()))) {
            return new Verdict.Refuse("it asked while the server itself was replicating");
        }
        return new Verdict.AdmitInstead("the server itself is replicating");
    }

    /// The server is this machine from now on, in this boot.
    ServerMachine now(MachineIdentity admitted, String boot) {
        var known = admitted.isKnown() ? admitted : identity;
        var another =
                !boot.equals(bootId) || identity.likeness(known) == MachineIdentity.Likeness.OTHER;
        if (!another && known.equals(identity)) {
            return this;
        }
        var former = new ArrayList<>(formerBoots);
        if (!boot.equals(bootId)) {
            former.add(bootId);
            former.remove(boot); // the operator may have decided for it
        }
        return new ServerMachine(
                server,
                known,
                boot,
                another ? boots + 1 : boots,
                last(former, FORMER_BOOTS_MAX),
                heir,
                refused.stream().filter(other -> !other.bootId().equals(boot)).toList());
    }

    /// @param address where it dialled from
    ServerMachine refusing(MachineFacts machine, String address, String why, Instant at) {
        var first =
                refused.stream()
                        .filter(other -> other.bootId().equals(machine.bootId()))
                        .map(Refused::firstAt)
                        .findFirst()
                        .orElse(at);
        var others =
                new ArrayList<>(
                        refused.stream()
                                .filter(other -> !other.bootId().equals(machine.bootId()))
                                .toList());
        others.add(
                new Refused(
                        machine.identity(),
                        machine.bootId(),
                        machine.hostname(),
                        address,
                        why,
                        first,
                        at));
        return new ServerMachine(
                server, identity, bootId, boots, formerBoots, heir, last(others, REFUSED_MAX));
    }

    ServerMachine leftTo(MachineIdentity newHeir) {
        return new ServerMachine(
                server, identity, bootId, boots, formerBoots, Optional.of(newHeir), refused);
    }

    private static <T> List<T> last(List<T> all, int max) {
        return all.subList(Math.max(0, all.size() - max), all.size());
    }
}
