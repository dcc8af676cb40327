package holdfast.volume;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/// What the staging area holds: volumes, branches, owners and their policies. Stored as a whole, in
/// two copies, at each change (docs/formats/checkpoint.md, "Catalogue").
///
/// @param generation growing with each change: of two copies the later one counts
/// @param nextNumber above every volume's and owner's number ever given
/// @param losses how often a [Gap] was found
/// @param owners by number
/// @param volumes by number
record Catalogue(
        long generation,
        StoreIdentity identity,
        int nextNumber,
        int losses,
        Map<Integer, Owner> owners,
        Map<Integer, Entry> volumes) {
    Catalogue {
        owners = Collections.unmodifiableMap(new TreeMap<>(owners));
        volumes = Collections.unmodifiableMap(new TreeMap<>(volumes));
    }

    static final String FOLDER = "catalogue";
    private static final List<String> COPIES = List.of(FOLDER + "/a", FOLDER + "/b");
    private static final int MAGIC = 0x48464341; // HFCA
    private static final int VERSION = 2;

    /// The first one, which knows no losses of owners.
    private static final int VERSION_WITHOUT_LOSSES = 1;

    /// @param name a server's or recovery instance's id
    /// @param losses how often a part of the maps of its volumes was lost
    record Owner(String name, SnapshotPolicy policy, Gap gap, int losses) {
        Owner with(SnapshotPolicy other) {
            return new Owner(name, other, gap, losses);
        }

        Owner with(Gap other) {
            return new Owner(name, policy, other, losses);
        }

        /// After blocks of its volumes were lost: what comes from a sequence on may lack them.
        Owner withLoss(long sequence) {
            return new Owner(name, policy, gap.reopened(sequence), losses + 1);
        }
    }

    /// @param owner its number
    /// @param madeAfter the journal's last sequence when the volume was made: it has no record up
    ///   to there
    record Entry(int owner, long madeAfter, Volume volume) {}

    static Catalogue empty(StoreIdentity identity) {
        return new Catalogue(0, identity, 1, 0, new TreeMap<>(), new TreeMap<>());
    }

    /// Another one, of the next generation.
    Catalogue with(int number, Map<Integer, Owner> newOwners, Map<Integer, Entry> newVolumes) {
        return new Catalogue(generation + 1, identity, number, losses, newOwners, newVolumes);
    }

    /// After records were found to be missing which a checkpoint has: what lies between cannot be
    /// seen any more, and nothing else is lost.
    Catalogue withHidden(long from, long to) {
        return withGaps(losses, gap -> gap.hiding(from, to));
    }

    /// After records from a sequence on were found to be missing.
    Catalogue withLoss(long sequence) {
        return withGaps(losses + 1, gap -> gap.reopened(sequence));
    }

    private Catalogue withGaps(int newLosses, UnaryOperator<Gap> change) {
        var changed = new TreeMap<Integer, Owner>();
        owners.forEach((number, owner) -> changed.put(number, owner.with(change.apply(owner.gap))));
        return new Catalogue(generation + 1, identity, nextNumber, newLosses, changed, volumes);
    }

    /// What an owner's agent takes for the staging area: after a loss another one, so that it
    /// compares all.
    ///
    /// @param owner its number; empty if it has none yet
    String agentsIdentity(Optional<Integer> owner) {
        var shown = losses == 0 ? identity.toString() : identity + "-" + losses;
        var ofOwner = owner.map(owners::get).map(Owner::losses).orElse(0);
        return ofOwner == 0 ? shown : shown + "." + ofOwner;
    }

    /// The stored catalogue; empty for a new staging area.
    ///
    /// @throws DamagedDataException if both copies are damaged
    static Optional<Catalogue> load(StagingStorage storage) throws IOException {
        var damage = new ArrayList<String>();
        var newest = Optional.<Catalogue>empty();
        for (var copy : COPIES) {
            try {
                var stored = read(storage.get(copy));
                if (newest.isEmpty() || stored.generation > newest.get().generation()) {
                    newest = Optional.of(stored);
                }
            } catch (java.nio.file.NoSuchFileException _) {
                // a new staging area, or a crash before the second copy was first made
            } catch (holdfast.format.DamagedFormatException e) {
                damage.add(copy + ": " + e.getMessage());
            }
        }
        if (newest.isEmpty() && !damage.isEmpty()) {
            throw new DamagedDataException(
                    new Damage("-", -1, 0, FOLDER, 0, String.join("; ", damage)));
        }
        return newest;
    }

    /// Whether both copies are this catalogue.
    static boolean isWhole(StagingStorage storage, Catalogue catalogue) throws IOException {
        for (var copy : COPIES) {
            try {
                if (read(storage.get(copy)).generation != catalogue.generation) {
                    return false;
                }
            } catch (java.nio.file.NoSuchFileException | holdfast.format.DamagedFormatException _) {
                return false;
            }
        }
        return true;
    }

    /// Checks one stored copy.
    static void check(StagingStorage storage, String copy) throws IOException {
        read(storage.get(copy));
    }

    static List<String> copies() {
        return COPIES;
    }

    /// Stores both copies, one after the other; durable on return.
    void store(StagingStorage storage) throws IOException {
        for (var copy : COPIES) {
            storage.put(copy, encode());
        }
    }

    private ByteBuffer encode() {
        return Sealed.encode(
                MAGIC,
                VERSION,
                out -> {
                    out.writeLong(generation);
                    out.writeLong(identity.high());
                    out.writeLong(identity.low());
                    out.writeInt(nextNumber);
                    out.writeInt(losses);
                    out.writeInt(owners.size());
                    for (var owner : owners.entrySet()) {
                        out.writeInt(owner.getKey());
                        write(out, owner.getValue());
                    }
                    out.writeInt(volumes.size());
                    for (var volume : volumes.entrySet()) {
                        out.writeInt(volume.getKey());
                        out.writeInt(volume.getValue().owner());
                        out.writeLong(volume.getValue().madeAfter());
                        write(out, volume.getValue().volume());
                    }
                });
    }

    private static void write(DataOutputStream out, Owner owner) throws IOException {
        out.writeUTF(owner.name());
        out.writeInt(owner.policy().rules().size());
        for (var rule : owner.policy().rules()) {
            out.writeLong(rule.every().toMillis());
            out.writeLong(rule.keptFor().toMillis());
        }
        out.writeLong(owner.gap().from());
        out.writeLong(owner.gap().wholeFrom());
        out.writeInt(owner.losses());
    }

    private static void write(DataOutputStream out, Volume volume) throws IOException {
        out.writeUTF(volume.id().text());
        out.writeUTF(volume.name());
        out.writeLong(volume.sizeBytes());
        out.writeBoolean(volume.origin().isPresent());
        if (volume.origin().isPresent()) {
            out.writeUTF(volume.origin().get().parent().text());
            out.writeLong(volume.origin().get().sequence());
        }
    }

    private static Catalogue read(ByteBuffer bytes) throws IOException {
        return Sealed.decode(
                "catalogue", MAGIC, VERSION_WITHOUT_LOSSES, VERSION, bytes, Catalogue::read);
    }

    private static Catalogue read(DataInputStream in, int version) throws IOException {
        var generation = in.readLong();
        var identity = new StoreIdentity(in.readLong(), in.readLong());
        var nextNumber = in.readInt();
        var losses = in.readInt();
        var owners = new TreeMap<Integer, Owner>();
        for (var left = in.readInt(); left > 0; left--) {
            owners.put(in.readInt(), readOwner(in, version));
        }
        var volumes = new TreeMap<Integer, Entry>();
        for (var left = in.readInt(); left > 0; left--) {
            var number = in.readInt();
            var owner = in.readInt();
            var madeAfter = in.readLong();
            var known = owners.get(owner);
            if (known == null) {
                throw new IllegalArgumentException("volume of unknown owner " + owner);
            }
            volumes.put(number, new Entry(owner, madeAfter, readVolume(in, known.name())));
        }
        return new Catalogue(generation, identity, nextNumber, losses, owners, volumes);
    }

    private static Owner readOwner(DataInputStream in, int version) throws IOException {
        var name = in.readUTF();
        var rules = new ArrayList<SnapshotPolicy.Rule>();
        for (var left = in.readInt(); left > 0; left--) {
            rules.add(
                    new SnapshotPolicy.Rule(
                            Duration.ofMillis(in.readLong()), Duration.ofMillis(in.readLong())));
        }
        var gap = new Gap(in.readLong(), in.readLong());
        var losses = version == VERSION_WITHOUT_LOSSES ? 0 : in.readInt();
        return new Owner(name, new SnapshotPolicy(rules), gap, losses);
    }

    private static Volume readVolume(DataInputStream in, String owner) throws IOException {
        var id = new VolumeId(in.readUTF());
        var name = in.readUTF();
        var sizeBytes = in.readLong();
        var origin =
                in.readBoolean()
                        ? Optional.of(new Volume.Origin(new VolumeId(in.readUTF()), in.readLong()))
                        : Optional.<Volume.Origin>empty();
        return new Volume(id, owner, name, sizeBytes, origin);
    }
}
