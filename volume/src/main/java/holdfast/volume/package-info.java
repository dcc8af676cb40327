/// The staging area: one journal for all volumes, maps from blocks to the journal, consistency
/// points, branches, reclaim and scrub. [VolumeStore] is the way in.
@NullMarked
package holdfast.volume;

import org.jspecify.annotations.NullMarked;
