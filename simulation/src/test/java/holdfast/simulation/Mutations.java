package holdfast.simulation;

import java.lang.classfile.CodeBuilder;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// The deliberate bugs that the simulation must find.
final class Mutations {
    private static final String VOLUME = "holdfast.volume.";
    private static final String AGENT = "holdfast.agent.";
    private static final String REPLICATION = "holdfast.replication.";
    private static final String CONTROL = "holdfast.control.";

    /// So many worlds are enough for each of them.
    static final long SEEDS = 40;

    /// Those that two or three worlds are enough for.
    static final Set<String> QUICKLY_FOUND =
            Set.of(
                    "drop the snapshots that the policy keeps",
                    "take every block for sent already",
                    "hand out the live map as its snapshot");

    private Mutations() {}

    static List<Mutation> all() {
        return Stream.of(ofTheStore(), ofRounds(), ofFailback(), ofJobs())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Mutation> ofTheStore() {
        return List.of(
                Mutation.without(
                        "acknowledge before the sync", VOLUME + "JournalSyncer", "sync", "sync"),
                Mutation.without(
                        "sync a new segment without its name",
                        VOLUME + "LocalStorage$LocalObject",
                        "sync",
                        "syncDirectory"),
                Mutation.without(
                        "rename a file before its content is synced",
                        VOLUME + "LocalStorage",
                        "put",
                        "sync"),
                Mutation.without(
                        "store a checkpoint before its pages",
                        VOLUME + "Checkpointer",
                        "store",
                        "sync"),
                Mutation.without(
                        "lose the journal's tail when opening",
                        VOLUME + "Opening",
                        "restoreVolumes",
                        "replay"),
                Mutation.calling(
                        "destroy every volume's key when opening",
                        VOLUME + "Opening",
                        "forgetDeletedVolumes",
                        "contains",
                        0),
                Mutation.body(
                        "drop the snapshots that the policy keeps",
                        VOLUME + "Reclaim",
                        "isWanted",
                        Mutations::no),
                Mutation.without(
                        "let points leave the window without a root",
                        VOLUME + "Reclaim",
                        "markAll",
                        "keepSnapshotsBefore"),
                Mutation.without(
                        "reclaim what only checkpoints and snapshots reach",
                        VOLUME + "Reclaim",
                        "mark",
                        "mark"),
                Mutation.body(
                        "hand out the live map as its snapshot",
                        VOLUME + "VolumeMap",
                        "snapshot",
                        code -> code.aload(0).areturn()),
                Mutation.calling(
                        "delete segments in which something lives",
                        VOLUME + "Sweep",
                        "isDead",
                        "isEmpty",
                        1),
                Mutation.without(
                        "keep a snapshot before its pages are synced",
                        VOLUME + "Reclaim",
                        "keep",
                        "sync"),
                Mutation.without(
                        "replace segments by a merged one that is not synced",
                        VOLUME + "MergeWriter",
                        "write",
                        "sync"),
                Mutation.without(
                        "merge segments without what is reached of them",
                        VOLUME + "Sweep",
                        "merge",
                        "put"),
                Mutation.without("forget a deletion", VOLUME + "VolumeRegistry", "forget", "store"),
                Mutation.without(
                        "answer a branch's write at once",
                        VOLUME + "JournalBranch",
                        "write",
                        "await"),
                Mutation.calling(
                        "go on in a segment whose sync failed",
                        VOLUME + "JournalAppender",
                        "abandonFailedSegment",
                        "hasSyncFailed",
                        0));
    }

    private static List<Mutation> ofRounds() {
        return List.of(
                Mutation.calling(
                        "compare with everything and find it equal",
                        REPLICATION + "Comparisons$Comparison",
                        "slice",
                        "equals",
                        1),
                Mutation.calling(
                        "take a replica with data for a new one",
                        REPLICATION + "Admissions",
                        "describe",
                        "isEmpty",
                        1),
                Mutation.calling(
                        "call a round with conflicts a point",
                        AGENT + "Replication",
                        "outcome",
                        "conflictBlocks",
                        0),
                Mutation.without(
                        "forget changes before they are acknowledged",
                        AGENT + "Replication",
                        "end",
                        "await"),
                Mutation.body(
                        "take every block for sent already",
                        AGENT + "SentDigests",
                        "holds",
                        Mutations::yes));
    }

    private static List<Mutation> ofFailback() {
        return List.of(
                Mutation.without(
                        "call disks equal before they are synced",
                        "holdfast.failback.Follower",
                        "round",
                        "sync"));
    }

    private static List<Mutation> ofJobs() {
        return List.of(
                Mutation.calling(
                        "forget the jobs that an earlier controller began",
                        CONTROL + "JobState",
                        "claimable",
                        "isBefore",
                        1),
                Mutation.calling(
                        "do phases again that an earlier controller has ended",
                        CONTROL + "Jobs",
                        "lambda$beginPhase$",
                        "isEmpty",
                        1),
                Mutation.without(
                        "leave the machine of a terminated instance",
                        CONTROL + "TerminateWork",
                        "endMachine",
                        "terminate"),
                Mutation.without(
                        "leave the branches of a terminated instance",
                        CONTROL + "BranchRemoval",
                        "remove",
                        "delete"),
                Mutation.calling(
                        "take every machine for running",
                        CONTROL + "Instances",
                        "noticeEndedMachines",
                        "running",
                        1));
    }

    private static void yes(CodeBuilder code) {
        code.loadConstant(1).ireturn();
    }

    private static void no(CodeBuilder code) {
        code.loadConstant(0).ireturn();
    }
}
