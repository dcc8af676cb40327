package holdfast.failback;

import holdfast.base.RefusalException;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Finds out which local disk is to equal which disk of a recovery instance: as the user says, or
/// by itself where serial numbers, names and sizes leave one way only, or by asking.
///
/// @param disks of this machine
/// @param format how the user names local disks
/// @param operator asked where needed
/// @param prompt whether the operator may be asked
record Mapper(LocalDisks disks, ValueFormat format, Operator operator, boolean prompt) {
    private static final String ALL = "ALL=";

    /// @param given what the user wrote; empty to find out
    /// @throws RefusalException naming each disk that is wrong and what to do; nothing was written
    List<MappedDisk> map(Instance instance, Optional<String> given) throws IOException {
        if (given.isPresent()) {
            return checked(instance, DeviceMapping.parse(given.get()).values());
        }
        var found = automatic(instance.disks(), disks.free());
        var missing =
                instance.disks().stream().filter(disk -> !found.containsKey(disk.name())).toList();
        if (missing.isEmpty()) {
            return checked(instance, found);
        }
        if (!prompt) {
            throw new RefusalException(
                    "mapping-needed",
                    names(missing)
                            + " of instance "
                            + instance.id()
                            + " cannot be mapped to local disks without being told: use --device-mapping");
        }
        return asked(instance, found, missing);
    }

    /// @return by recovery disk; only where there is no doubt
    static Map<String, Optional<String>> automatic(
            List<Instance.Disk> wanted, List<LocalDisk> there) {
        var found = new LinkedHashMap<String, Optional<String>>();
        var left = new ArrayList<>(there);
        assign(
                wanted,
                found,
                left,
                (disk, local) -> !disk.serial().isBlank() && disk.serial().equals(local.serial()));
        assign(
                wanted,
                found,
                left,
                (disk, local) ->
                        disk.name().equals(local.path().toString())
                                && disk.sizeBytes() == local.sizeBytes());
        assign(
                wanted,
                found,
                left,
                (disk, local) ->
                        disk.sizeBytes() == local.sizeBytes()
                                && wanted.stream()
                                                .filter(other ->
                                                        other.sizeBytes() == disk.sizeBytes())
                                                .count()
                                        == 1);
        return found;
    }

    @FunctionalInterface
    private interface Fit {
        boolean fits(Instance.Disk disk, LocalDisk local);
    }

    /// Where exactly one local disk that is left fits in that way.
    private static void assign(
            List<Instance.Disk> wanted,
            Map<String, Optional<String>> found,
            List<LocalDisk> left,
            Fit fit) {
        for (var disk : wanted) {
            if (found.containsKey(disk.name())) {
                continue;
            }
            var fitting =
                    left.stream()
                            .filter(local -> fit.fits(disk, local))
                            .filter(local -> LocalDisk.fits(local.sizeBytes(), disk.sizeBytes()))
                            .toList();
            if (fitting.size() == 1) {
                found.put(disk.name(), Optional.of(fitting.getFirst().path().toString()));
                left.remove(fitting.getFirst());
            }
        }
    }

    private List<MappedDisk> asked(
            Instance instance, Map<String, Optional<String>> found, List<Instance.Disk> missing)
            throws IOException {
        operator.tell(
                "local disks: "
                        + disks.free().stream()
                                .map(disk -> disk.path() + " (" + disk.sizeBytes() + " bytes)")
                                .collect(Collectors.joining(", ")));
        for (var disk : missing) {
            var answer =
                    operator.ask(
                                    String.format(
                                            Locale.ROOT,
                                            "local disk for %s (%d bytes), EXCLUDE, or ALL=\"<whole mapping>\": ",
                                            disk.name(),
                                            disk.sizeBytes()),
                                    false)
                            .strip();
            if (answer.startsWith(ALL)) {
                var whole = answer.substring(ALL.length());
                return checked(instance, DeviceMapping.parse(whole).values());
            }
            found.put(
                    disk.name(),
                    answer.equals(DeviceMapping.EXCLUDE) ? Optional.empty() : Optional.of(answer));
        }
        return checked(instance, found);
    }

    /// All faults at once, so that they are mended in one go.
    private List<MappedDisk> checked(Instance instance, Map<String, Optional<String>> values)
            throws IOException {
        var faults = new ArrayList<String>();
        var mapped = new ArrayList<MappedDisk>();
        var taken = new HashMap<LocalDisk, String>();
        for (var name : values.keySet()) {
            if (instance.disks().stream().noneMatch(disk -> disk.name().equals(name))) {
                faults.add(
                        name
                                + " is no disk of instance "
                                + instance.id()
                                + ", which has "
                                + names(instance.disks())
                                + ": correct its name");
            }
        }
        for (var disk : instance.disks()) {
            var value = values.get(disk.name());
            if (value == null) {
                faults.add(
                        disk.name()
                                + " has no local device: add "
                                + disk.name()
                                + "=<device>, or "
                                + disk.name()
                                + "=EXCLUDE to leave it out");
            } else if (value.isPresent()) {
                var local = local(value.get(), faults);
                if (local.isPresent()) {
                    check(disk, local.get(), taken, faults);
                    mapped.add(new MappedDisk(disk, local.get()));
                }
            }
        }
        if (faults.isEmpty() && mapped.isEmpty()) {
            faults.add("every disk is excluded: name a local device for at least one");
        }
        if (!faults.isEmpty()) {
            throw new RefusalException("bad-mapping", String.join("; ", faults));
        }
        return mapped;
    }

    private Optional<LocalDisk> local(String value, List<String> faults) throws IOException {
        var paths = format.resolve(value, disks.dev());
        if (paths.size() != 1) {
            faults.add(
                    paths.isEmpty()
                            ? value
                                    + " names no local device as "
                                    + format.text()
                                    + ": this machine has "
                                    + disks.free().stream()
                                            .map(disk -> disk.path().toString())
                                            .collect(Collectors.joining(", "))
                            : value
                                    + " names several devices, "
                                    + paths
                                    + ": use a --dm-value-format that names one");
            return Optional.empty();
        }
        try {
            return Optional.of(disks.disk(paths.iterator().next()));
        } catch (TrackerException e) {
            faults.add(value + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    private void check(
            Instance.Disk disk, LocalDisk local, Map<LocalDisk, String> taken, List<String> faults)
            throws IOException {
        var other = taken.putIfAbsent(local, disk.name());
        if (other != null) {
            faults.add(
                    local.path()
                            + " is named for both "
                            + other
                            + " and "
                            + disk.name()
                            + ": name another device for one of them");
        }
        if (!LocalDisk.fits(local.sizeBytes(), disk.sizeBytes())) {
            faults.add(
                    String.format(
                            Locale.ROOT,
                            "%s has %d bytes and is too small for %s, which has %d: choose a device of at least that size, or EXCLUDE",
                            local.path(),
                            local.sizeBytes(),
                            disk.name(),
                            disk.sizeBytes()));
        }
        disks.inUse(local).ifPresent(faults::add);
    }

    private static String names(List<Instance.Disk> disks) {
        return disks.stream().map(Instance.Disk::name).collect(Collectors.joining(", "));
    }
}
