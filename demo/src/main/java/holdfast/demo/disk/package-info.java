/// Small bootable Debian disks, made in seconds from Debian's own packages, without root.
@NullMarked
package holdfast.demo.disk;

import org.jspecify.annotations.NullMarked;
