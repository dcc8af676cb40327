package holdfast.volume;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Opens staging areas.
public final class VolumeStores {
    private VolumeStores() {}

    /// Opens the staging area in a local directory, or makes it there. Reads the last checkpoint
    /// and the journal's tail behind it, whatever the size of the volumes. Encryption keys are in
    /// `encryption-keys` beside it.
    ///
    /// @throws holdfast.base.RefusalException if another process uses it, or its master key is
    ///   missing or another
    /// @throws StoreException if it cannot be read
    public static VolumeStore open(
            StoreSettings settings,
            Filesystem files,
            Path directory,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var beside = directory.resolveSibling("encryption-keys");
        var encryptionKeys = new EncryptionKeyFiles(files, beside, time);
        return openOne(settings, files, directory, encryptionKeys, time, random);
    }

    /// Opens the default staging area and those of storage classes, or makes them, all under one
    /// master key.
    ///
    /// @param directory of the default one
    /// @param encryptionKeys that may wrap data keys, in all of them
    /// @throws holdfast.base.RefusalException as above; or if one that there was before is not
    ///   there, or another one in its place, or one is left out that has volumes
    /// @throws StoreException if one cannot be read
    public static VolumeStore open(
            StoreSettings settings,
            Filesystem files,
            Path directory,
            StorageClasses classes,
            EncryptionKeyFiles encryptionKeys,
            TimeSource time,
            RandomSource random)
            throws IOException {
        return AreaOpening.open(settings, files, directory, classes, encryptionKeys, time, random);
    }

    static JournalStore openOne(
            StoreSettings settings,
            Filesystem files,
            Path directory,
            EncryptionKeyFiles encryptionKeys,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var storage =
                new LocalStorage(
                        files,
                        directory,
                        List.of(
                                Segment.FOLDER,
                                MapFiles.FOLDER,
                                Checkpoint.FOLDER,
                                KeptSnapshot.FOLDER,
                                Catalogue.FOLDER,
                                KeyRing.FOLDER));
        try {
            var masterKey = settings.masterKey().orElse(directory.resolve("master.key"));
            return Opening.open(settings, storage, files, masterKey, encryptionKeys, time, random);
        } catch (IOException | RuntimeException e) {
            storage.close();
            throw e;
        }
    }
}
