package holdfast.agent;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// What the agent must know of one disk's replica when it comes back after its death.
///
/// @param replica which replica the pending set belongs to; see [#replicaOf]
/// @param phase how pending blocks are worked through
/// @param frontier first block that the first copy or the comparison has not reached. In
///   [Phase#FIRST_COPY] nothing at or past it was ever sent: the memo moves before the data does
/// @param pointMade whether this replica took part in a consistency point that was acknowledged
record DiskMemo(long replica, Phase phase, long frontier, boolean pointMade) {
    DiskMemo madePoint() {
        return new DiskMemo(replica, phase, frontier, true);
    }

    DiskMemo advance(long newFrontier) {
        return new DiskMemo(replica, phase, newFrontier, pointMade);
    }

    /// The first copy or comparison went through the whole disk.
    DiskMemo finish() {
        return new DiskMemo(replica, Phase.CHANGES, 0, pointMade);
    }

    /// Starts a comparison of everything.
    DiskMemo compare() {
        return new DiskMemo(replica, Phase.COMPARE, 0, pointMade);
    }

    /// A number that tells replicas apart: eight bytes of the SHA-256 of the staging area's
    /// identity and the volume's id, so that any number of characters fits into the memo.
    static long replicaOf(String storeIdentity, String volumeId) {
        try {
            var text = storeIdentity + '\n' + volumeId;
            var digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
