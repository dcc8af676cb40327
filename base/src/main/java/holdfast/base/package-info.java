/// Units, block sets and checksums, and the seams through which the data path and the control plane
/// reach the world: [TimeSource], [RandomSource], [Filesystem], [Network], [Processes]. Everything
/// that touches the world takes these by constructor, so that a simulation can stand in for all of
/// it.
@NullMarked
package holdfast.base;

import org.jspecify.annotations.NullMarked;
