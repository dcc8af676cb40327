package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.replication.DiskFacts;
import holdfast.volume.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Which branch of a recovery instance each disk of a machine is that runs it elsewhere.
record BranchMatch(String instance, List<Volume> branches) {
    /// By name, and where the machine has other names, by size if only one is left of that.
    List<Volume> of(List<DiskFacts> disks) {
        var left = new ArrayList<>(branches);
        var found = new ArrayList<@Nullable Volume>();
        for (var disk : disks) {
            var named =
                    left.stream().filter(branch -> branch.name().equals(disk.name())).findFirst();
            named.ifPresent(left::remove);
            found.add(named.orElse(null));
        }
        var volumes = new ArrayList<Volume>();
        for (var i = 0; i < disks.size(); i++) {
            var named = found.get(i);
            var branch = named == null ? bySize(disks.get(i), left) : named;
            left.remove(branch);
            require(disks.get(i), branch);
            volumes.add(branch);
        }
        if (!left.isEmpty()) {
            throw refusal("its disk " + left.getFirst().name() + " was not given");
        }
        return volumes;
    }

    private Volume bySize(DiskFacts disk, List<Volume> left) {
        var fitting =
                left.stream().filter(branch -> branch.sizeBytes() == disk.sizeBytes()).toList();
        if (fitting.size() != 1) {
            throw refusal(
                    disk.name()
                            + (fitting.isEmpty()
                                    ? " has the size of none of its disks"
                                    : " may be several of its disks: give it under the name that it has there, for which a link will do"));
        }
        return fitting.getFirst();
    }

    private void require(DiskFacts disk, Volume branch) {
        if (disk.sizeBytes() != branch.sizeBytes()) {
            throw refusal(
                    String.format(
                            Locale.ROOT,
                            "%s has %d bytes, and its disk %s %d",
                            disk.name(),
                            disk.sizeBytes(),
                            branch.name(),
                            branch.sizeBytes()));
        }
    }

    private RefusalException refusal(String why) {
        return new RefusalException(
                "other-disks",
                "these are not the disks of recovery instance "
                        + instance
                        + ": "
                        + why
                        + "; it has "
                        + branches.stream()
                                .map(branch ->
                                        branch.name() + " (" + branch.sizeBytes() + " bytes)")
                                .collect(Collectors.joining(", ")));
    }
}
