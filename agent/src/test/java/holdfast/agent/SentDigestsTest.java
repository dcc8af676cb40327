package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SentDigestsTest {
    /// It may forget, and must never claim what was not sent last.
    @Test
    void claimsOnlyWhatWasSentLast() {
        var random = new SplittableRandom(7);
        var sent = new SentDigests(64);
        var last = new HashMap<Long, Integer>();
        var claims = 0;
        for (var step = 0; step < 20_000; step++) {
            var disk = random.nextInt(3);
            var block = random.nextInt(100);
            var key = DiskBlock.key(disk, block);
            var content = random.nextInt(3);
            switch (random.nextInt(4)) {
                case 0 -> {
                    sent.forget(disk, block, 1);
                    last.remove(key);
                }
                case 1 -> {
                    sent.sent(disk, block, digest(content));
                    last.put(key, content);
                }
                default -> {
                    if (sent.holds(disk, block, digest(content))) {
                        assertThat(last).containsEntry(key, content);
                        claims++;
                    }
                }
            }
        }
        assertThat(claims).isGreaterThan(100);
    }

    @Test
    void bothHalvesOfADigestCount() {
        var sent = new SentDigests(8);
        sent.sent(0, 1, digest(5));
        for (var i = 0; i < 16; i++) {
            var other = digest(5);
            other[i] ^= 1;
            assertThat(sent.holds(0, 1, other)).isFalse();
        }
        assertThat(sent.holds(0, 1, digest(5))).isTrue();
    }

    private static byte[] digest(int content) {
        var digest = new byte[16];
        java.util.Arrays.fill(digest, (byte) content);
        return digest;
    }
}
