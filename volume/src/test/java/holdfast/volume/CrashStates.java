package holdfast.volume;

import holdfast.volume.RecordingFilesystem.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// Rebuilds what a power cut may have left of recorded files: right before each sync, of what was
/// done since the last one of the same file nothing, everything, everything but one write, only the
/// last, or the last one torn at a sector; of names, the first few changes of each number.
final class CrashStates {
    private static final int SECTOR_BYTES = 512;

    private final SplittableRandom random;
    private final List<Operation> operations;
    private final Map<Integer, byte[]> durable = new HashMap<>();
    private final TreeMap<Path, Integer> durableNames = new TreeMap<>();
    private final List<Operation> unsynced = new ArrayList<>();
    private final List<Operation.Name> names = new ArrayList<>();
    private final Set<Integer> seen = new HashSet<>();

    /// Told of each state.
    interface Visitor {
        /// @param done how many operations had been done when the power was cut
        void visit(int done, Map<Path, byte[]> contents) throws Exception;
    }

    CrashStates(List<Operation> operations, SplittableRandom random) {
        this.operations = operations;
        this.random = random;
    }

    /// Visits each state once; so many of each cut, which the seed chooses.
    ///
    /// @param eachMax states of one cut
    void visit(int eachMax, Visitor visitor) throws Exception {
        for (var done = 0; done < operations.size(); done++) {
            switch (operations.get(done)) {
                case Operation.Write write -> unsynced.add(write);
                case Operation.Truncate truncate -> unsynced.add(truncate);
                case Operation.Name name -> names.add(name);
                case Operation.Sync(var inode) -> {
                    cut(done, eachMax, visitor);
                    sync(inode);
                }
                case Operation.SyncDirectory(var directory) -> {
                    cut(done, eachMax, visitor);
                    syncDirectory(directory);
                }
            }
        }
        cut(operations.size(), eachMax, visitor);
    }

    private void sync(int inode) {
        for (var operation : unsynced) {
            if (inode(operation) == inode) {
                durable.merge(inode, apply(new byte[0], operation), (b, _) -> apply(b, operation));
            }
        }
        unsynced.removeIf(operation -> inode(operation) == inode);
    }

    private void syncDirectory(Path directory) {
        for (var change : names) {
            if (directory(change.name()).equals(directory)) {
                apply(durableNames, change);
            }
        }
        names.removeIf(change -> directory(change.name()).equals(directory));
    }

    private static Path directory(Path name) {
        return name.resolve("..").normalize();
    }

    private void cut(int done, int eachMax, Visitor visitor) throws Exception {
        var all = new ArrayList<Map<Path, byte[]>>();
        var datas = datas();
        for (var count = 0; count <= names.size(); count++) {
            for (var data : datas) {
                all.add(state(count, data));
            }
        }
        for (var left = eachMax; left > 0 && !all.isEmpty(); left--) {
            var chosen = all.remove(random.nextInt(all.size()));
            if (seen.add(31 * done + hash(chosen))) { // more had been acknowledged
                visitor.visit(done, chosen);
            }
        }
    }

    private static int hash(Map<Path, byte[]> contents) {
        var hash = 1;
        for (var file : contents.entrySet()) {
            hash = hash * 31 + file.getKey().hashCode();
            hash = hash * 31 + Arrays.hashCode(file.getValue());
        }
        return hash;
    }

    /// What of the writes may have come to the disk.
    private List<List<Operation>> datas() {
        var datas = new ArrayList<List<Operation>>();
        datas.add(List.of());
        if (unsynced.isEmpty()) {
            return datas;
        }
        datas.add(List.copyOf(unsynced));
        datas.add(List.of(unsynced.getLast()));
        for (var i = 0; i < 3; i++) {
            var without = new ArrayList<>(unsynced);
            without.remove(i == 0 ? without.size() - 1 : random.nextInt(without.size()));
            datas.add(without);
        }
        if (unsynced.getLast() instanceof Operation.Write(var inode, var offset, var bytes)) {
            var sectors = bytes.length / SECTOR_BYTES;
            for (var kept : new int[] {1, sectors / 2, sectors - 1, random.nextInt(sectors + 1)}) {
                if (kept > 0 && kept * SECTOR_BYTES < bytes.length) {
                    var torn = new ArrayList<>(unsynced.subList(0, unsynced.size() - 1));
                    var part = Arrays.copyOf(bytes, kept * SECTOR_BYTES);
                    torn.add(new Operation.Write(inode, offset, part));
                    datas.add(torn);
                }
            }
        }
        return datas;
    }

    private Map<Path, byte[]> state(int nameCount, List<Operation> data) {
        var found = new TreeMap<>(durableNames);
        names.subList(0, nameCount).forEach(change -> apply(found, change));
        var contents = new TreeMap<Path, byte[]>();
        found.forEach((path, inode) -> {
            var bytes = durable.getOrDefault(inode, new byte[0]);
            for (var operation : data) {
                bytes = inode(operation) == inode ? apply(bytes, operation) : bytes;
            }
            contents.put(path, bytes);
        });
        return contents;
    }

    private static void apply(Map<Path, Integer> names, Operation.Name change) {
        change.inode()
                .ifPresentOrElse(
                        inode -> names.put(change.name(), inode),
                        () -> names.remove(change.name()));
        change.gone().ifPresent(names::remove);
    }

    private static int inode(Operation operation) {
        return switch (operation) {
            case Operation.Write(var inode, _, _) -> inode;
            case Operation.Truncate(var inode, _) -> inode;
            case Operation.Sync _, Operation.SyncDirectory _, Operation.Name _ ->
                    throw new IllegalArgumentException("" + operation);
        };
    }

    private static byte[] apply(byte[] before, Operation operation) {
        return switch (operation) {
            case Operation.Write(_, var offset, var bytes) -> {
                var after = Arrays.copyOf(before, Math.max(before.length, offset + bytes.length));
                System.arraycopy(bytes, 0, after, offset, bytes.length);
                yield after;
            }
            case Operation.Truncate(_, var size) -> Arrays.copyOf(before, size);
            case Operation.Sync _, Operation.SyncDirectory _, Operation.Name _ ->
                    throw new IllegalArgumentException("" + operation);
        };
    }
}
