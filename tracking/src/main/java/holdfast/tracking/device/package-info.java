/// What sysfs and procfs say about this machine's block devices.
@NullMarked
package holdfast.tracking.device;

import org.jspecify.annotations.NullMarked;
