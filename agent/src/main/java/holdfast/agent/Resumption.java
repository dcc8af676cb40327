package holdfast.agent;

import holdfast.replication.ReplicationLink.Session;
import java.util.Optional;

/// Where the work on one disk goes on, decided when a session begins.
///
/// @param memo the disk's memo from now on
/// @param everything whether all blocks become pending
/// @param reason why, for the log and the user
record Resumption(DiskMemo memo, boolean everything, String reason) {
    /// Pure: no I/O.
    ///
    /// A replica that is remembered is never taken for a new one, even if nothing is stored in it
    /// yet: what was sent to it last may still be on its way.
    ///
    /// @param remembered of the disk, if the tracker's memo holds it
    /// @param lastRound the last round that was begun
    /// @param lastPointRound the newest point's round that was acknowledged
    /// @param distrust why the tracker does not vouch for its pending set, if it does not
    static Resumption decide(
            Optional<DiskMemo> remembered,
            long lastRound,
            long lastPointRound,
            String storeIdentity,
            Session.Disk found,
            Optional<String> distrust) {
        var replica = DiskMemo.replicaOf(storeIdentity, found.volumeId());
        var known = remembered.filter(memo -> memo.replica() == replica);
        if (known.isEmpty()) {
            return found.newVolume()
                    ? new Resumption(
                            new DiskMemo(replica, Phase.FIRST_COPY, 0, false),
                            true,
                            "the replica is new")
                    : compare(
                            new DiskMemo(replica, Phase.COMPARE, 0, false),
                            remembered.isPresent()
                                    ? "another replica has taken the place of the last"
                                    : distrust.orElse("nothing is remembered of the replica"));
        }
        var memo = known.get();
        if (distrust.isPresent()) {
            return compare(memo.compare(), distrust.get());
        }
        if (memo.pointMade() && found.lastRound() < lastPointRound) {
            return compare(
                    memo.compare(),
                    "the replica's newest point is of round "
                            + found.lastRound()
                            + ", and that of round "
                            + lastPointRound
                            + " was acknowledged");
        }
        if (found.lastRound() > lastRound) {
            return compare(
                    memo.compare(),
                    "the replica's newest point is of round "
                            + found.lastRound()
                            + ", and the last that was begun here is "
                            + lastRound
                            + ": another agent has replicated to it, or this machine was set back");
        }
        return new Resumption(memo, false, "going on where it was left");
    }

    private static Resumption compare(DiskMemo memo, String reason) {
        return new Resumption(memo, true, reason);
    }
}
