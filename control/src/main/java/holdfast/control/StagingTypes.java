package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.volume.VolumeStore;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/// On which kind of disks a server's replica is to be kept.
///
/// A type for which there is a storage class means that class; every other one means the default
/// staging area. All disks of a server are in one, so what counts is the type that is named of any.
///
/// @param ofDisks those named, by the disk's name; a disk without one goes with the others
/// @param ofLarge that of a server for none of whose disks one is named, if one of them is large
public record StagingTypes(Map<String, String> ofDisks, Optional<String> ofLarge) {
    /// Everything in the default staging area.
    public static final StagingTypes NONE = new StagingTypes(Map.of(), Optional.empty());

    /// What storage classes may be called, besides the default one.
    public static final Set<String> CLASSES = Set.of("GP2", "GP3", "IO1", "SC1", "ST1");

    /// A disk of more than this is large, as with AWS.
    private static final long LARGE_BYTES = 125L << 30;

    public StagingTypes {
        ofDisks = Map.copyOf(ofDisks);
    }

    /// The storage class of a replica that is made now.
    ///
    /// @param disks their sizes in bytes by their names, in the agent's order: where classes were
    ///   added since the types were set, the first disk's counts
    /// @param classes those that there are
    String choose(SequencedMap<String, Long> disks, Set<String> classes) {
        for (var disk : disks.keySet()) {
            var named = ofDisks.get(disk);
            if (named != null) {
                return storageClass(named, classes);
            }
        }
        var large = disks.values().stream().anyMatch(bytes -> bytes > LARGE_BYTES);
        return large && ofLarge.isPresent()
                ? storageClass(ofLarge.get(), classes)
                : VolumeStore.DEFAULT_CLASS;
    }

    private static String storageClass(String type, Set<String> classes) {
        return classes.contains(type) ? type : VolumeStore.DEFAULT_CLASS;
    }

    /// @throws RefusalException if disks of one server are to be in different storage classes
    void requireOne(Set<String> classes) {
        var found = new HashSet<String>();
        ofDisks.values().forEach(type -> found.add(storageClass(type, classes)));
        if (found.size() > 1) {
            var wanted =
                    ofDisks.entrySet().stream()
                            .sorted(Map.Entry.comparingByKey())
                            .map(entry ->
                                    String.format(
                                            Locale.ROOT,
                                            "%s in %s (storage class %s)",
                                            entry.getKey(),
                                            entry.getValue(),
                                            storageClass(entry.getValue(), classes)))
                            .collect(Collectors.joining(", "));
            throw new RefusalException(
                    "malformed-staging-types",
                    "all disks of a server are kept in one storage class, since a consistency point is of all of them, and these were to be in several: "
                            + wanted
                            + ": name one for all");
        }
    }
}
