package holdfast.agent;

import holdfast.base.Checksums;
import holdfast.hostile.HostileInput;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The note that the kernel keeps for the agent: another's, or an old one, is none.
class HostileMemoTest {
    @Test
    void memos() throws Exception {
        var memo = new ReplicaMemo(7, 6, 5, List.of(new DiskMemo(1, Phase.CHANGES, 0, true)));
        new HostileInput(List.of(memo.encode()), 1 << 20)
                .sealedBy(bytes -> {
                    if (bytes.length >= 56) { // a memo of one disk
                        var at = 48;
                        ByteBuffer.wrap(bytes).putInt(at, Checksums.crc32c(bytes, 0, at));
                    }
                    return bytes;
                })
                .feed(ReplicaMemo::decode);
    }
}
