package holdfast.failback;

import holdfast.base.RefusalException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// A recovery instance that might be brought home.
///
/// @param lastPoint sequence of the point after which it has not run
/// @param interfaces of the machine that it was recovered from, as its agent described them
record Instance(
        String id,
        String hostname,
        boolean drill,
        String state,
        String failback,
        OptionalLong lastPoint,
        Optional<Boolean> uefi,
        List<Disk> disks,
        List<String> interfaces) {
    private static final Pattern HARDWARE =
            Pattern.compile("\\b([0-9a-f]{2}(?::[0-9a-f]{2}){5})\\b");

    /// A disk of the instance.
    record Disk(String name, long sizeBytes, String model, String serial) {}

    static List<Instance> all(JsonNode answer) {
        var instances = new ArrayList<Instance>();
        for (var json : answer.path("instances")) {
            var disks = new ArrayList<Disk>();
            for (var disk : json.path("disks")) {
                disks.add(
                        new Disk(
                                disk.path("name").asString(""),
                                disk.path("sizeBytes").asLong(0),
                                disk.path("model").asString(""),
                                disk.path("serial").asString("")));
            }
            var interfaces = new ArrayList<String>();
            json.path("networkInterfaces").forEach(one -> interfaces.add(one.asString("")));
            instances.add(
                    new Instance(
                            json.path("id").asString(""),
                            json.path("hostname").asString("unknown"),
                            json.path("drill").asBoolean(false),
                            json.path("state").asString(""),
                            json.path("failback").asString(""),
                            json.has("lastPoint")
                                    ? OptionalLong.of(json.path("lastPoint").asLong())
                                    : OptionalLong.empty(),
                            json.has("uefi")
                                    ? Optional.of(json.path("uefi").asBoolean())
                                    : Optional.empty(),
                            List.copyOf(disks),
                            List.copyOf(interfaces)));
        }
        return instances;
    }

    /// @throws RefusalException if there is none of that id
    static Instance of(List<Instance> all, String id) {
        return all.stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-instance",
                                String.format(
                                        Locale.ROOT,
                                        "there is no recovery instance %s; there are: %s",
                                        id,
                                        all.isEmpty()
                                                ? "none"
                                                : String.join(
                                                        ", ",
                                                        all.stream().map(Instance::id).toList()))));
    }

    /// Whether this machine is the one that it was recovered from: by a network card's address, or
    /// by the serial numbers of all disks.
    boolean recoveredFrom(List<String> localInterfaces, List<LocalDisk> localDisks) {
        var addresses = hardware(interfaces);
        if (hardware(localInterfaces).stream().anyMatch(addresses::contains)) {
            return true;
        }
        var serials = localDisks.stream().map(LocalDisk::serial).toList();
        return !disks.isEmpty()
                && disks.stream()
                        .allMatch(disk ->
                                !disk.serial().isBlank() && serials.contains(disk.serial()));
    }

    private static List<String> hardware(List<String> described) {
        var found = new ArrayList<String>();
        for (var one : described) {
            var matcher = HARDWARE.matcher(one.toLowerCase(Locale.ROOT));
            if (matcher.find()) {
                found.add(matcher.group(1));
            }
        }
        return found;
    }

    /// Whether each of its disks can have a local one of its own, the largest first.
    boolean fits(List<LocalDisk> localDisks) {
        var wanted =
                disks.stream()
                        .sorted(Comparator.comparingLong(Disk::sizeBytes).reversed())
                        .toList();
        var there =
                localDisks.stream()
                        .sorted(Comparator.comparingLong(LocalDisk::sizeBytes).reversed())
                        .toList();
        if (there.size() < wanted.size()) {
            return false;
        }
        for (var i = 0; i < wanted.size(); i++) {
            if (!LocalDisk.fits(there.get(i).sizeBytes(), wanted.get(i).sizeBytes())) {
                return false;
            }
        }
        return true;
    }
}
