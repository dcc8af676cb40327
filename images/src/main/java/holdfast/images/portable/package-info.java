/// Programs of ours with all that they need, Java included, for any 64-bit Linux with the GNU C
/// library.
@NullMarked
package holdfast.images.portable;

import org.jspecify.annotations.NullMarked;
