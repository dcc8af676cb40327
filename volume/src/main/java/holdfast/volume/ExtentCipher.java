package holdfast.volume;

import holdfast.base.RandomSource;
import holdfast.format.PackedExtent;
import holdfast.format.RecordHeader;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.Provider;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// Encrypts extents with their volume's key: AES-256-GCM, with what identifies the extent as
/// associated data, so that no stored extent can pass for another.
///
/// A nonce is a random prefix of 8 bytes and a counter of 4; a prefix is drawn anew for each
/// instance and whenever the counter is used up, so that no key meets a nonce twice, whatever a
/// crash cut off the journal. Safe for any thread.
final class ExtentCipher {
    private static final int NONCE_BYTES = 12;
    private static final int AAD_BYTES = 19;

    private static final String TRANSFORMATION = "AES/GCM/NoPadding";

    /// Looked up once: the JDK asks all its providers in turn otherwise, for every extent.
    private static final Provider PROVIDER = provider();

    private final RandomSource random;
    private long noncePrefix;
    private int nonceCounter;

    ExtentCipher(RandomSource random) {
        this.random = random;
        this.noncePrefix = random.nextLong();
    }

    private static Provider provider() {
        try {
            return Cipher.getInstance(TRANSFORMATION).getProvider();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /// An extent ready to be journalled.
    record Sealed(PackedExtent extent, byte[] payload, long noncePrefix, int nonceCounter) {}

    Sealed seal(int volume, SecretKey key, PackedExtent extent) {
        long prefix;
        int counter;
        synchronized (this) {
            if (nonceCounter == -1) {
                noncePrefix = random.nextLong();
                nonceCounter = 0;
            }
            prefix = noncePrefix;
            counter = nonceCounter++;
        }
        try {
            var cipher = cipher(Cipher.ENCRYPT_MODE, key, prefix, counter);
            cipher.updateAAD(
                    associatedData(
                            volume,
                            extent.firstBlock(),
                            extent.blockCount(),
                            extent.compression().code(),
                            extent.crc32c()));
            return new Sealed(extent, cipher.doFinal(extent.payload()), prefix, counter);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /// @param payload as stored
    /// @throws GeneralSecurityException if it is not what was sealed under this header and key
    static PackedExtent open(RecordHeader header, SecretKey key, byte[] payload)
            throws GeneralSecurityException {
        var cipher = cipher(Cipher.DECRYPT_MODE, key, header.noncePrefix(), header.nonceCounter());
        cipher.updateAAD(
                associatedData(
                        header.volume(),
                        header.firstBlock(),
                        header.blockCount(),
                        header.compression().code(),
                        header.crc32c()));
        return new PackedExtent(
                header.firstBlock(),
                header.blockCount(),
                header.compression(),
                header.crc32c(),
                cipher.doFinal(payload));
    }

    private static Cipher cipher(int mode, SecretKey key, long prefix, int counter)
            throws GeneralSecurityException {
        var nonce = ByteBuffer.allocate(NONCE_BYTES).putLong(prefix).putInt(counter).array();
        var cipher = Cipher.getInstance(TRANSFORMATION, PROVIDER);
        cipher.init(mode, key, new GCMParameterSpec(RecordHeader.TAG_BYTES * Byte.SIZE, nonce));
        return cipher;
    }

    private static byte[] associatedData(
            int volume, long firstBlock, int blockCount, byte compression, int crc32c) {
        return ByteBuffer.allocate(AAD_BYTES)
                .putInt(volume)
                .putLong(firstBlock)
                .putShort((short) blockCount)
                .put(compression)
                .putInt(crc32c)
                .array();
    }
}
