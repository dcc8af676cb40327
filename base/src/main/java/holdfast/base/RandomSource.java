package holdfast.base;

import java.security.SecureRandom;

/// Where random bytes come from: keys, tokens, identities, nonces, jitter. Safe for any thread.
public interface RandomSource {
    /// Fills the whole array. From [#system] the bytes are fit for keys.
    void fill(byte[] bytes);

    /// A uniformly distributed long.
    default long nextLong() {
        var bytes = new byte[Long.BYTES];
        fill(bytes);
        var value = 0L;
        for (var b : bytes) {
            value = value << 8 | (b & 0xff);
        }
        return value;
    }

    /// A fresh identity such as `vol-0123456789abcdef0`: the prefix, a dash, 17 hex digits. The
    /// form is that of AWS resource ids, which the compatible APIs validate.
    default String nextId(String prefix) {
        var bytes = new byte[9];
        fill(bytes);
        var text = new StringBuilder(prefix).append('-');
        for (var i = 0; i < 17; i++) {
            text.append(Character.forDigit(bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf, 16));
        }
        return text.toString();
    }

    /// The operating system's cryptographic generator.
    static RandomSource system() {
        return new SecureRandom()::nextBytes;
    }
}
