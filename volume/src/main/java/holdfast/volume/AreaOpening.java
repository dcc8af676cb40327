package holdfast.volume;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// Opens the staging areas of storage classes beside the default one, and holds them against those
/// that there were before: acknowledged data that is not there is not passed over in silence.
final class AreaOpening {
    private final StoreSettings settings;
    private final Filesystem files;
    private final EncryptionKeyFiles encryptionKeys;
    private final TimeSource time;
    private final RandomSource random;
    private final KnownAreas known;
    private final List<StagingArea> opened = new ArrayList<>();
    private final Map<String, String> classesByIdentity = new HashMap<>();
    private final Map<String, KnownAreas.Known> found = new TreeMap<>();

    private AreaOpening(
            StoreSettings settings,
            Filesystem files,
            EncryptionKeyFiles encryptionKeys,
            TimeSource time,
            RandomSource random,
            KnownAreas known) {
        this.settings = settings;
        this.files = files;
        this.encryptionKeys = encryptionKeys;
        this.time = time;
        this.random = random;
        this.known = known;
    }

    /// @param directory of the default area
    static VolumeStore open(
            StoreSettings settings,
            Filesystem files,
            Path directory,
            StorageClasses classes,
            EncryptionKeyFiles encryptionKeys,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var key = settings.masterKey().orElse(directory.resolve("master.key"));
        var shared = settings.shared(1 + classes.directories().size(), key);
        var known = KnownAreas.load(files, classes.record());
        var opening = new AreaOpening(shared, files, encryptionKeys, time, random, known);
        try {
            opening.openDefault(directory);
            for (var wanted : classes.directories().entrySet()) {
                opening.open(wanted.getKey(), wanted.getValue());
            }
            for (var former : known.byClass().entrySet()) {
                if (!classes.directories().containsKey(former.getKey())) {
                    opening.requireEmpty(former.getKey(), former.getValue());
                }
            }
            if (!opening.found.equals(known.byClass())) {
                new KnownAreas(classes.record(), opening.found).store(files);
            }
        } catch (IOException | RuntimeException e) {
            opening.closeAfter(e);
            throw e;
        }
        return new StagingAreas(opening.opened);
    }

    private void openDefault(Path directory) throws IOException {
        var store = VolumeStores.openOne(settings, files, directory, encryptionKeys, time, random);
        opened.add(new StagingArea(VolumeStore.DEFAULT_CLASS, store));
        classesByIdentity.put(store.ownIdentity().toString(), VolumeStore.DEFAULT_CLASS);
    }

    private void open(String storageClass, Path directory) throws IOException {
        var before = known.byClass().get(storageClass);
        if (!holdsArea(directory)) {
            if (before != null) {
                throw missing(storageClass, before, directory);
            }
            requireRoom(storageClass, directory);
        }
        var store = openArea(storageClass, directory);
        opened.add(new StagingArea(storageClass, store));
        var identity = store.ownIdentity().toString();
        var other = classesByIdentity.putIfAbsent(identity, storageClass);
        if (other != null) {
            throw new RefusalException(
                    "storage-class-twice",
                    String.format(
                            Locale.ROOT,
                            "storage class %s: %s holds the same staging area as storage class %s, or a copy of it: choose another directory",
                            storageClass,
                            directory,
                            other));
        }
        if (before == null && !store.volumes().isEmpty()) {
            throw new RefusalException(
                    "storage-class-unknown-area",
                    String.format(
                            Locale.ROOT,
                            "storage class %s: %s holds a staging area with volumes already, which this server has not used before: choose an empty directory, or, if it does belong here, add the line \"%s\" to %s",
                            storageClass,
                            directory,
                            KnownAreas.line(storageClass, identity, directory),
                            known.file()));
        }
        if (before != null && !before.identity().equals(identity)) {
            throw new RefusalException(
                    "storage-class-exchanged",
                    String.format(
                            Locale.ROOT,
                            "storage class %s: %s holds the staging area %s, expected %s: put that back, or, if it is lost for good, take the line of %s out of %s",
                            storageClass,
                            directory,
                            identity,
                            before.identity(),
                            storageClass,
                            known.file()));
        }
        found.put(storageClass, new KnownAreas.Known(identity, directory));
    }

    private JournalStore openArea(String storageClass, Path directory) throws IOException {
        try {
            return VolumeStores.openOne(settings, files, directory, encryptionKeys, time, random);
        } catch (DamagedDataException e) {
            throw new DamagedDataException(e.damage().in(storageClass));
        } catch (FileSystemException e) {
            var why = e instanceof AccessDeniedException ? "permission denied" : e.getReason();
            throw new RefusalException(
                    "storage-class-not-writable",
                    String.format(
                            Locale.ROOT,
                            "storage class %s: %s cannot be used (%s: %s): make it a directory that the user who runs the server may write, or choose another",
                            storageClass,
                            directory,
                            e.getFile(),
                            why == null ? "no directory" : why));
        }
    }

    /// Below twice the reserve a new area would be full before the first disk is copied.
    private void requireRoom(String storageClass, Path directory) throws IOException {
        var there = directory;
        while (!files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        var free = files.usableBytes(there);
        if (free < 2 * settings.reserveBytes()) {
            throw new RefusalException(
                    "staging-too-small",
                    String.format(
                            Locale.ROOT,
                            "storage class %s: %s has %d bytes free, a new staging area needs at least %d: add room, or choose another directory",
                            storageClass,
                            directory,
                            free,
                            2 * settings.reserveBytes()));
        }
    }

    /// Of a class that is no longer to be: nothing may live in it.
    private void requireEmpty(String storageClass, KnownAreas.Known former) throws IOException {
        if (!holdsArea(former.directory())) {
            throw missing(storageClass, former, former.directory());
        }
        var store = openArea(storageClass, former.directory());
        try (store) {
            if (!store.ownIdentity().toString().equals(former.identity())) {
                throw missing(storageClass, former, former.directory());
            }
            var owners = new TreeSet<String>();
            store.volumes().forEach(volume -> owners.add(volume.owner()));
            if (!owners.isEmpty()) {
                throw new RefusalException(
                        "storage-class-in-use",
                        String.format(
                                Locale.ROOT,
                                "storage class %s is not configured any more, and %s has the volumes of %s: start with --storage-class %s=%s, and stop or remove those first",
                                storageClass,
                                former.directory(),
                                String.join(", ", owners),
                                storageClass,
                                former.directory()));
            }
        }
    }

    private RefusalException missing(String storageClass, KnownAreas.Known before, Path directory) {
        return new RefusalException(
                "storage-class-missing",
                String.format(
                        Locale.ROOT,
                        "storage class %s: its staging area %s is not in %s, and there may be servers in it: mount its file system, or say where it is now with --storage-class %s=<dir>; if it is lost for good, take the line of %s out of %s",
                        storageClass,
                        before.identity(),
                        directory,
                        storageClass,
                        storageClass,
                        known.file()));
    }

    /// Nothing is made in an empty directory that a file system is to be mounted on.
    private boolean holdsArea(Path directory) {
        return Catalogue.copies().stream().anyMatch(copy -> files.exists(directory.resolve(copy)));
    }

    private void closeAfter(Exception cause) {
        for (var area : opened.reversed()) {
            try {
                area.store().close();
            } catch (IOException e) {
                cause.addSuppressed(e);
            }
        }
    }
}
