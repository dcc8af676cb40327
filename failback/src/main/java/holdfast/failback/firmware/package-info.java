/// What UEFI firmware needs to know to start from a disk that was written. [BootEntryMaker] is the
/// way in.
@NullMarked
package holdfast.failback.firmware;

import org.jspecify.annotations.NullMarked;
