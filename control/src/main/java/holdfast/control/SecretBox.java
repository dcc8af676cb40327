package holdfast.control;

import holdfast.base.RandomSource;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// Seals small secrets under a key of the installation (docs/formats/keys.md, "Derived keys"). Safe
/// for any thread.
final class SecretBox {
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SecretKey key;
    private final RandomSource random;

    SecretBox(SecretKey key, RandomSource random) {
        this.key = key;
        this.random = random;
    }

    /// @param context what the secret belongs to: with another it does not open
    String seal(String context, byte[] secret) {
        var nonce = new byte[NONCE_BYTES];
        random.fill(nonce);
        try {
            var sealed = cipher(Cipher.ENCRYPT_MODE, context, nonce).doFinal(secret);
            var both = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
            System.arraycopy(sealed, 0, both, NONCE_BYTES, sealed.length);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(both);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /// Empty if it was not sealed here, with this key and for this context.
    Optional<byte[]> open(String context, String sealed) {
        try {
            var both = Base64.getUrlDecoder().decode(sealed);
            if (both.length < NONCE_BYTES + TAG_BITS / Byte.SIZE) {
                return Optional.empty();
            }
            var nonce = Arrays.copyOf(both, NONCE_BYTES);
            return Optional.of(
                    cipher(Cipher.DECRYPT_MODE, context, nonce)
                            .doFinal(both, NONCE_BYTES, both.length - NONCE_BYTES));
        } catch (IllegalArgumentException | GeneralSecurityException _) {
            return Optional.empty();
        }
    }

    private Cipher cipher(int mode, String context, byte[] nonce) throws GeneralSecurityException {
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(context.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
