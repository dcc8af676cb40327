package holdfast.replication;

import holdfast.base.Blocks;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/// The digest by which agent and replicator find out whether they hold the same data: the first 16
/// bytes of SHA-256 (FIPS 180-4). A cryptographic one, since whoever can write to a protected disk
/// could otherwise make two pieces of data that compare as equal and differ in the replica.
///
/// Not safe for concurrent use.
public final class Digests {
    private final MessageDigest sha256;

    public Digests() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Digest of whole blocks.
    public byte[] of(byte[] data, int offset, int blockCount) {
        sha256.update(data, offset, blockCount * Blocks.BLOCK_BYTES);
        return Arrays.copyOf(sha256.digest(), ReplicationLink.DIGEST_BYTES);
    }
}
