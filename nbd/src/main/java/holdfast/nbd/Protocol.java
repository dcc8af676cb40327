package holdfast.nbd;

/// Numbers of the NBD protocol (doc/proto.md), under their names there less `NBD_`, and the sizes
/// that this server promises.
final class Protocol {
    // Handshake
    static final long INIT_PASSWD = 0x4e42444d41474943L;
    static final long IHAVEOPT = 0x49484156454f5054L;
    static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    static final int FLAG_FIXED_NEWSTYLE = 1;
    static final int FLAG_NO_ZEROES = 1 << 1;

    static final int OPT_EXPORT_NAME = 1;
    static final int OPT_ABORT = 2;
    static final int OPT_LIST = 3;
    static final int OPT_STARTTLS = 5;
    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;
    static final int OPT_STRUCTURED_REPLY = 8;
    static final int OPT_LIST_META_CONTEXT = 9;
    static final int OPT_SET_META_CONTEXT = 10;

    static final int REP_ACK = 1;
    static final int REP_SERVER = 2;
    static final int REP_INFO = 3;
    static final int REP_META_CONTEXT = 4;
    static final int REP_ERR_UNSUP = 0x80000001;
    static final int REP_ERR_POLICY = 0x80000002;
    static final int REP_ERR_INVALID = 0x80000003;
    static final int REP_ERR_TLS_REQD = 0x80000005;
    static final int REP_ERR_UNKNOWN = 0x80000006;
    static final int REP_ERR_TOO_BIG = 0x80000009;

    static final int INFO_EXPORT = 0;
    static final int INFO_NAME = 1;
    static final int INFO_BLOCK_SIZE = 3;

    // Transmission flags
    static final int FLAG_HAS_FLAGS = 1;
    static final int FLAG_READ_ONLY = 1 << 1;
    static final int FLAG_SEND_FLUSH = 1 << 2;
    static final int FLAG_SEND_FUA = 1 << 3;
    static final int FLAG_SEND_TRIM = 1 << 5;
    static final int FLAG_SEND_WRITE_ZEROES = 1 << 6;
    static final int FLAG_SEND_DF = 1 << 7;
    static final int FLAG_CAN_MULTI_CONN = 1 << 8;
    static final int FLAG_SEND_CACHE = 1 << 10;
    static final int FLAG_SEND_FAST_ZERO = 1 << 11;

    // Transmission
    static final int REQUEST_MAGIC = 0x25609513;
    static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;

    static final int CMD_FLAG_FUA = 1;
    static final int CMD_FLAG_NO_HOLE = 1 << 1;
    static final int CMD_FLAG_DF = 1 << 2;
    static final int CMD_FLAG_REQ_ONE = 1 << 3;
    static final int CMD_FLAG_FAST_ZERO = 1 << 4;

    static final int REPLY_FLAG_DONE = 1;
    static final int REPLY_TYPE_NONE = 0;
    static final int REPLY_TYPE_OFFSET_DATA = 1;
    static final int REPLY_TYPE_OFFSET_HOLE = 2;
    static final int REPLY_TYPE_BLOCK_STATUS = 5;
    static final int REPLY_TYPE_ERROR = 0x8001;
    static final int REPLY_TYPE_ERROR_OFFSET = 0x8002;

    static final String BASE_ALLOCATION = "base:allocation";

    /// Ours to choose; not zero, so that a reply that forgot it would be noticed.
    static final int BASE_ALLOCATION_ID = 1;

    static final int STATE_HOLE = 1;
    static final int STATE_ZERO = 1 << 1;

    /// Longest string (doc/proto.md, "Conventions"), in bytes of UTF-8.
    static final int STRING_BYTES_MAX = 4096;

    // What this server promises as NBD_INFO_BLOCK_SIZE.

    /// Branches take ranges of any alignment.
    static final int BLOCK_BYTES_MIN = 1;

    static final int BLOCK_BYTES_PREFERRED = holdfast.base.Blocks.BLOCK_BYTES;

    /// What a client that asked for no block sizes may assume, and what QEMU sends at most.
    static final int PAYLOAD_BYTES_MAX = 32 << 20;

    /// Longest read whose reply cannot be split: a simple reply, or `NBD_CMD_FLAG_DF`. Such a reply
    /// is held in memory whole, since an error found later could no longer be told to the client.
    static final int WHOLE_READ_BYTES_MAX = 4 << 20;

    private Protocol() {}

    /// What an export offers.
    ///
    /// `NBD_FLAG_CAN_MULTI_CONN` is sound: all connections to a branch act on one branch, so a
    /// write is seen by every later read of any of them; nothing is cached per connection; and a
    /// flush, or a write with FUA, puts on stable storage what any of them wrote before. A point
    /// never changes.
    static int transmissionFlags(boolean writable, boolean structuredReplies) {
        var flags = FLAG_HAS_FLAGS | FLAG_CAN_MULTI_CONN | FLAG_SEND_CACHE;
        flags |=
                writable
                        ? FLAG_SEND_FLUSH
                                | FLAG_SEND_FUA
                                | FLAG_SEND_TRIM
                                | FLAG_SEND_WRITE_ZEROES
                                | FLAG_SEND_FAST_ZERO
                        : FLAG_READ_ONLY;
        return structuredReplies ? flags | FLAG_SEND_DF : flags;
    }
}
