/// The failback client for a machine that has nothing else: as an archive to be unpacked, and as a
/// live system to be booted.
@NullMarked
package holdfast.images.live;

import org.jspecify.annotations.NullMarked;
