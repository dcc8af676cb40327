package holdfast.replication;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// By what a machine is told from a copy of its disks that runs on another one.
///
/// @param systemUuid of the firmware (SMBIOS, "System UUID"), in lower case; empty if it has none,
///   or one that is no machine's own
/// @param hardwareAddresses of its network cards, in lower case; not of bridges and other cards
///   that software makes
public record MachineIdentity(String systemUuid, List<String> hardwareAddresses) {
    private static final Pattern UUID =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    /// Given to many machines by makers who left a sample in their firmware.
    private static final Set<String> SHARED =
            Set.of(
                    "00000000-0000-0000-0000-000000000000",
                    "ffffffff-ffff-ffff-ffff-ffffffffffff",
                    "00020003-0004-0005-0006-000700080009",
                    "03000200-0400-0500-0006-000700080009");

    /// Of an agent that does not say it.
    public static final MachineIdentity UNKNOWN = new MachineIdentity("", List.of());

    public MachineIdentity {
        hardwareAddresses = List.copyOf(hardwareAddresses);
    }

    /// In one notation, and without what is no machine's own.
    ///
    /// @param systemUuid as the firmware says it, whatever that is
    public static MachineIdentity of(String systemUuid, List<String> hardwareAddresses) {
        var uuid = systemUuid.strip().toLowerCase(Locale.ROOT);
        return new MachineIdentity(
                UUID.matcher(uuid).matches() && !SHARED.contains(uuid) ? uuid : "",
                hardwareAddresses.stream()
                        .map(address -> address.strip().toLowerCase(Locale.ROOT))
                        .sorted()
                        .toList());
    }

    /// What can be said of two machines.
    public enum Likeness {
        SAME,
        OTHER,
        UNKNOWN
    }

    /// The firmware decides. Cards decide where it says nothing: one in common is enough, since
    /// cards come and go.
    public Likeness likeness(MachineIdentity other) {
        if (!systemUuid.isEmpty() && !other.systemUuid.isEmpty()) {
            return systemUuid.equals(other.systemUuid) ? Likeness.SAME : Likeness.OTHER;
        }
        if (hardwareAddresses.isEmpty() || other.hardwareAddresses.isEmpty()) {
            return Likeness.UNKNOWN;
        }
        return hardwareAddresses.stream().anyMatch(other.hardwareAddresses::contains)
                ? Likeness.SAME
                : Likeness.OTHER;
    }

    public boolean isKnown() {
        return !systemUuid.isEmpty() || !hardwareAddresses.isEmpty();
    }

    /// For people.
    @Override
    public String toString() {
        if (!systemUuid.isEmpty()) {
            return "system UUID " + systemUuid;
        }
        return hardwareAddresses.isEmpty()
                ? "no identity"
                : "network cards " + String.join(", ", hardwareAddresses);
    }
}
