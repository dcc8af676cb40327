package holdfast.nbd;

import static holdfast.nbd.Protocol.CMD_FLAG_DF;
import static holdfast.nbd.Protocol.CMD_FLAG_FAST_ZERO;
import static holdfast.nbd.Protocol.CMD_FLAG_FUA;
import static holdfast.nbd.Protocol.CMD_FLAG_NO_HOLE;
import static holdfast.nbd.Protocol.CMD_FLAG_REQ_ONE;
import static java.util.stream.Collectors.toUnmodifiableMap;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/// The request types.
///
/// Every one takes `NBD_CMD_FLAG_FUA`: "the server MUST accept all commands with this bit set (even
/// by ignoring the bit)".
enum Command {
    READ(0, CMD_FLAG_DF),
    WRITE(1, 0),
    DISC(2, 0),
    FLUSH(3, 0),
    TRIM(4, 0),
    CACHE(5, 0),
    WRITE_ZEROES(6, CMD_FLAG_NO_HOLE | CMD_FLAG_FAST_ZERO),
    BLOCK_STATUS(7, CMD_FLAG_REQ_ONE);

    private static final Map<Integer, Command> BY_NUMBER =
            Arrays.stream(values()).collect(toUnmodifiableMap(c -> c.number, c -> c));

    private final int number;
    private final int flags;

    Command(int number, int flags) {
        this.number = number;
        this.flags = flags | CMD_FLAG_FUA;
    }

    static Optional<Command> of(int number) {
        return Optional.ofNullable(BY_NUMBER.get(number));
    }

    boolean is(int type) {
        return type == number;
    }

    boolean takes(int commandFlags) {
        return (commandFlags & ~flags) == 0;
    }

    boolean changesData() {
        return switch (this) {
            case WRITE, TRIM, WRITE_ZEROES -> true;
            case READ, DISC, FLUSH, CACHE, BLOCK_STATUS -> false;
        };
    }

    /// "The server SHOULD return `ENOSPC` if it receives a write request including one or more
    /// sectors beyond the size of the device"; a trim writes nothing.
    ErrorCode beyondTheEnd() {
        return switch (this) {
            case WRITE, WRITE_ZEROES -> ErrorCode.ENOSPC;
            case READ, DISC, FLUSH, TRIM, CACHE, BLOCK_STATUS -> ErrorCode.EINVAL;
        };
    }
}
