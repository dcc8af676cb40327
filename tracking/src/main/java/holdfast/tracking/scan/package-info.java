/// The `scan` tracker: for image files, and for disks on machines that allow no eBPF. It knows
/// nothing of what changed, only whether anything did.
@NullMarked
package holdfast.tracking.scan;

import org.jspecify.annotations.NullMarked;
