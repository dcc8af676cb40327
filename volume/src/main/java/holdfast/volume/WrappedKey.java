package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.base.RandomSource;
import holdfast.format.DamagedFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.UUID;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// A data key as it is stored (docs/formats/keys.md, "Data key"): version 1 is wrapped by the
/// master key, version 2 by the encryption key that it names.
///
/// @param by the encryption key; empty for the master key
/// @param sealed wrapped key and tag
record WrappedKey(Optional<UUID> by, byte[] nonce, byte[] sealed) {
    static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int SEALED_BYTES = KEY_BYTES + TAG_BITS / 8;
    private static final int MAGIC = 0x48464b59; // HFKY
    private static final int VERSION_MASTER = 1;
    private static final int VERSION_NAMED = 2;
    private static final int BYTES_MASTER = 8 + NONCE_BYTES + SEALED_BYTES + 4;
    private static final int BYTES_NAMED = BYTES_MASTER + 2 * Long.BYTES;

    /// @param wrapping the key that `by` names
    static WrappedKey wrap(
            VolumeId volume,
            Optional<UUID> by,
            SecretKey wrapping,
            SecretKey dataKey,
            RandomSource random)
            throws StoreException {
        var nonce = new byte[NONCE_BYTES];
        random.fill(nonce);
        try {
            var sealed =
                    crypt(Cipher.ENCRYPT_MODE, volume, by, wrapping, nonce, dataKey.getEncoded());
            return new WrappedKey(by, nonce, sealed);
        } catch (GeneralSecurityException e) {
            throw new StoreException(volume + ": the data key cannot be wrapped", e);
        }
    }

    /// @throws DamagedFormatException if it is another key that wraps it
    SecretKey unwrap(VolumeId volume, SecretKey wrapping) throws DamagedFormatException {
        try {
            var key = crypt(Cipher.DECRYPT_MODE, volume, by, wrapping, nonce, sealed);
            return new SecretKeySpec(key, "AES");
        } catch (GeneralSecurityException _) {
            throw new DamagedFormatException(
                    by.map(id -> "encryption key " + id).orElse("the master key")
                            + " does not unwrap it");
        }
    }

    private static byte[] crypt(
            int mode,
            VolumeId volume,
            Optional<UUID> by,
            SecretKey wrapping,
            byte[] nonce,
            byte[] input)
            throws GeneralSecurityException {
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, wrapping, new GCMParameterSpec(TAG_BITS, nonce));
        var bound = volume.text() + by.map(id -> " " + id).orElse("");
        cipher.updateAAD(bound.getBytes(StandardCharsets.US_ASCII));
        return cipher.doFinal(input);
    }

    ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(by.isPresent() ? BYTES_NAMED : BYTES_MASTER);
        bytes.putInt(MAGIC).putInt(by.isPresent() ? VERSION_NAMED : VERSION_MASTER);
        by.ifPresent(id ->
                bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()));
        bytes.put(nonce).put(sealed);
        return bytes.putInt(Checksums.crc32c(bytes.duplicate().flip())).flip();
    }

    /// @throws DamagedFormatException if it is no whole one
    static WrappedKey decode(ByteBuffer stored) throws DamagedFormatException {
        var bytes = stored.slice();
        var size = bytes.remaining();
        if ((size != BYTES_MASTER && size != BYTES_NAMED)
                || bytes.getInt(size - 4) != Checksums.crc32c(bytes.slice(0, size - 4))
                || bytes.getInt() != MAGIC
                || bytes.getInt() != (size == BYTES_NAMED ? VERSION_NAMED : VERSION_MASTER)) {
            throw new DamagedFormatException("the checksum does not hold");
        }
        var by =
                size == BYTES_NAMED
                        ? Optional.of(new UUID(bytes.getLong(), bytes.getLong()))
                        : Optional.<UUID>empty();
        var nonce = new byte[NONCE_BYTES];
        var sealed = new byte[SEALED_BYTES];
        bytes.get(nonce).get(sealed);
        return new WrappedKey(by, nonce, sealed);
    }
}
