/// Trackers: what knows which blocks of the protected disks changed, and whether what was read of
/// them equals one instant.
@NullMarked
package holdfast.tracking;

import org.jspecify.annotations.NullMarked;
