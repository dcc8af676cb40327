/// A Network Block Device server (https://github.com/NetworkBlockDevice/nbd, doc/proto.md, fixed
/// newstyle) over volume views and branches.
@NullMarked
package holdfast.nbd;

import org.jspecify.annotations.NullMarked;
