/// Parts that bootable images are made of: Debian's packages unpacked, kernel modules in their
/// order, initial file systems, and the programs that it takes.
@NullMarked
package holdfast.images;

import org.jspecify.annotations.NullMarked;
