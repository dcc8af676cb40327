package holdfast.volume;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.format.DamagedFormatException;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/// Brings a staging area back to where its journal ends.
final class Opening {
    private static final System.Logger LOG = System.getLogger(Opening.class.getName());

    private Opening() {}

    static JournalStore open(
            StoreSettings settings,
            StagingStorage storage,
            Filesystem files,
            Path masterKey,
            EncryptionKeyFiles encryptionKeys,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var stored = Catalogue.load(storage);
        if (stored.isEmpty()) {
            refuseIfUsed(storage);
        }
        var master = MasterKey.open(files, masterKey, random, stored.isEmpty());
        var keys = new KeyRing(storage, master, encryptionKeys, random);
        try {
            return open(settings, storage, stored, master, keys, time, random);
        } catch (IOException | RuntimeException e) {
            keys.close();
            throw e;
        }
    }

    private static JournalStore open(
            StoreSettings settings,
            StagingStorage storage,
            Optional<Catalogue> stored,
            MasterKey master,
            KeyRing keys,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var catalogue = stored.orElseGet(() -> Catalogue.empty(StoreIdentity.make(random)));
        if (stored.isEmpty()) {
            new Checkpoint(time.now().toEpochMilli(), 1, new Roots(0, Map.of()), Map.of())
                    .store(storage);
            catalogue.store(storage);
        } else if (!Catalogue.isWhole(storage, catalogue)) {
            // a copy left behind by a crash, or damaged: were the other one lost later, the volumes
            // made since would be forgotten, and their keys destroyed
            catalogue.store(storage);
        }
        var volumes =
                catalogue.volumes().values().stream().map(entry -> entry.volume().id()).toList();
        forgetDeletedVolumes(volumes, keys);
        volumes.forEach(volume -> CopyMending.mendKey(keys, volume));
        var objects = new OpenObjects(storage);
        var storedSegments = StoredSegments.list(storage, objects);
        var segments = new Segments(storage, objects, storedSegments, catalogue.identity(), time);
        var places = places(storage);
        var checkpoint = newestSound(storage, places);
        var tail = repairTail(storage, storedSegments, segments, catalogue, checkpoint.sequence());
        var mapFiles =
                new MapFiles(
                        storage,
                        objects,
                        nextMapFile(storage, checkpoint),
                        storedSegments::lastNumber);
        var maps = new VolumeMaps(mapFiles, settings.mapCacheBytes());
        var points = new Points(segments, snapshots(storage));
        var core =
                new StoreCore(
                        settings,
                        storage,
                        objects,
                        storedSegments,
                        segments,
                        mapFiles,
                        maps,
                        master,
                        keys,
                        points,
                        time,
                        random);
        core.catalogue = tail.catalogue();
        core.restoreGaps();
        // damaged ones behind it as well: whoever needs one passes over it, and scrub names it
        places.values().forEach(core.checkpoints::add);
        restoreVolumes(core, tail.catalogue(), checkpoint, tail.lastSequence());
        points.restore(
                checkpoint.newestPoints(), checkpoint.sequence(), tail.lastSequence(), core::gap);
        core.journal(new Journal(settings, storage, segments, time, tail.lastSequence() + 1));
        return new JournalStore(core);
    }

    /// Without its catalogue a staging area looks like a new one, and all its keys like those of
    /// deleted volumes.
    private static void refuseIfUsed(StagingStorage storage) throws IOException {
        for (var folder : List.of(KeyRing.FOLDER, Segment.FOLDER)) {
            if (!storage.list(folder).isEmpty()) {
                throw new RefusalException(
                        "catalogue-missing",
                        "the staging area has "
                                + folder
                                + " but no catalogue; put catalogue/a or catalogue/b back");
            }
        }
    }

    /// A crash may have come between forgetting a volume and destroying its key.
    private static void forgetDeletedVolumes(List<VolumeId> known, KeyRing keys)
            throws IOException {
        for (var volume : keys.volumes()) {
            if (!known.contains(volume)) {
                keys.destroy(volume);
            }
        }
    }

    private static NavigableMap<Long, Checkpoint.Place> places(StagingStorage storage)
            throws IOException {
        var places = new TreeMap<Long, Checkpoint.Place>();
        for (var entry : storage.list(Checkpoint.FOLDER)) {
            var place = Checkpoint.Place.parse(entry.name());
            if (place.isPresent()) {
                var other = places.get(place.get().sequence());
                places.put(
                        place.get().sequence(),
                        other == null ? place.get() : keepOne(storage, other, place.get()));
            }
        }
        return places;
    }

    /// Of one sequence there are two if the power was cut before the earlier one was deleted.
    /// Nobody would know of the other until an opening, long after the window moved on, took it for
    /// where the window begins.
    private static Checkpoint.Place keepOne(
            StagingStorage storage, Checkpoint.Place one, Checkpoint.Place other)
            throws IOException {
        var otherIsNewer = other.madeMillis() > one.madeMillis();
        var newer = otherIsNewer ? other : one;
        var older = otherIsNewer ? one : other;
        var kept = isSound(storage, newer) ? newer : older;
        TwoCopies.delete(storage, (kept.equals(newer) ? older : newer).path());
        return kept;
    }

    private static boolean isSound(StagingStorage storage, Checkpoint.Place place)
            throws IOException {
        try {
            TwoCopies.get(storage, place.path(), Checkpoint::decode);
            return true;
        } catch (DamagedFormatException _) {
            return false;
        }
    }

    private static Checkpoint newestSound(
            StagingStorage storage, NavigableMap<Long, Checkpoint.Place> places)
            throws IOException {
        for (var place : places.descendingMap().values()) {
            try {
                return TwoCopies.get(storage, place.path(), Checkpoint::decode);
            } catch (DamagedFormatException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "checkpoint={0} is damaged ({1}); opening from the one before",
                        place.name(),
                        e.getMessage());
            }
        }
        throw Checkpoints.noneIsSound();
    }

    private static long nextMapFile(StagingStorage storage, Checkpoint checkpoint)
            throws IOException {
        var next = checkpoint.nextMapFile();
        for (var entry : storage.list(MapFiles.FOLDER)) {
            if (entry.name().matches("[0-9a-f]{8}\\.map")) {
                next = Math.max(next, Long.parseLong(entry.name().substring(0, 8), 16) + 1);
            }
        }
        return next;
    }

    private static List<KeptSnapshot> snapshots(StagingStorage storage) throws IOException {
        var snapshots = new ArrayList<KeptSnapshot>();
        for (var entry : storage.list(KeptSnapshot.FOLDER)) {
            if (TwoCopies.isSecond(entry.name())) {
                continue;
            }
            var path = KeptSnapshot.FOLDER + "/" + entry.name();
            try {
                snapshots.add(TwoCopies.get(storage, path, KeptSnapshot::decode));
            } catch (DamagedFormatException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "snapshot={0} is damaged and not offered ({1})",
                        entry.name(),
                        e.getMessage());
            }
        }
        return snapshots;
    }

    private record Tail(long lastSequence, Catalogue catalogue) {}

    /// Ends every segment behind the checkpoint that a crash left without an index. That records
    /// are missing is stored before: an ended segment no longer shows it.
    private static Tail repairTail(
            StagingStorage storage,
            StoredSegments storedSegments,
            Segments segments,
            Catalogue stored,
            long checkpointSequence)
            throws IOException {
        var last = checkpointSequence;
        var catalogue = stored;
        for (var segment : storedSegments.originals().reversed()) {
            var lastValid = segments.lastValid(segment);
            try {
                var end = segments.readEnd(segment);
                keepEnd(segments, segment, end);
                last = Math.max(last, Math.min(end.lastSequence(), lastValid));
            } catch (DamagedFormatException e) {
                var found = segments.scan(segment);
                if (found.gap() && found.gapSequence() <= lastValid) {
                    catalogue =
                            found.lastSequence() <= checkpointSequence
                                    ? catalogue.withHidden(found.gapSequence(), checkpointSequence)
                                    : catalogue.withLoss(found.gapSequence());
                    catalogue.store(storage);
                }
                segments.repair(segment, found);
                last = Math.max(last, Math.min(found.lastSequence(), lastValid));
                if (lastValid >= segment.firstSequence) { // else nothing in it counts
                    found.damage()
                            .forEach(damage -> LOG.log(System.Logger.Level.ERROR, "{0}", damage));
                }
            }
            if (segment.firstSequence <= checkpointSequence) {
                break;
            }
        }
        return new Tail(last, catalogue);
    }

    /// Where the disk does not take it, it is no worse than before, and no reason not to open.
    private static void keepEnd(Segments segments, Segment segment, SegmentIndex.Trailer end) {
        try {
            segments.keepEnd(segment, end);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the end of segment={0} cannot be written again now ({1}); a power cut may"
                            + " leave it without, and scrubs would name it",
                    segment.name(),
                    e.getMessage());
        }
    }

    private static void restoreVolumes(
            StoreCore core, Catalogue catalogue, Checkpoint checkpoint, long lastSequence)
            throws IOException {
        var roots = checkpoint.roots();
        var byNumber = new HashMap<Integer, VolumeState>();
        // parents come before their branches, since numbers grow
        for (var entry : catalogue.volumes().entrySet()) {
            var number = entry.getKey();
            var described = entry.getValue();
            var root = Optional.ofNullable(roots.byVolume().get(number));
            VolumeMap head;
            var damage = Optional.<DamagedDataException>empty();
            var fault = Optional.<IOException>empty();
            if (root.isPresent()) {
                head = core.maps.load(root.get().reference(), root.get().mappedBlocks());
            } else if (described.volume().origin().isPresent()) {
                var origin = described.volume().origin().get();
                try {
                    head = core.originMap(described.owner(), origin);
                } catch (DamagedDataException e) {
                    damage = Optional.of(e); // the other volumes are served all the same
                    head = core.maps.empty();
                } catch (GoneException e) {
                    damage = Optional.of(lost(described.volume(), e));
                    head = core.maps.empty();
                } catch (StoreException | DamagedFormatException e) {
                    fault = Optional.of(e);
                    head = core.maps.empty();
                }
            } else {
                head = core.maps.empty();
            }
            var state =
                    new VolumeState(
                            number,
                            described.owner(),
                            described.madeAfter(),
                            described.volume(),
                            head,
                            core.inDoubt);
            damage.ifPresent(state::doubtAll);
            fault.ifPresent(state::fail);
            byNumber.put(number, state);
            core.add(state);
        }
        core.replay(roots.sequence(), lastSequence, byNumber::get);
    }

    /// A branch whose origin no attempt will find is given up like one whose map is damaged as a
    /// whole: no checkpoint could be made beside it.
    private static DamagedDataException lost(Volume branch, GoneException why) {
        var damage =
                new Damage(
                        branch.id().text(),
                        -1,
                        0,
                        Segment.FOLDER,
                        0,
                        String.valueOf(why.getMessage()));
        var lost = new DamagedDataException(damage);
        lost.initCause(why);
        return lost;
    }
}
