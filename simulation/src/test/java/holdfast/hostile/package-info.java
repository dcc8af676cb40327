/// Input that is nearly right. The tests that use it stand in the packages of the decoders.
@NullMarked
package holdfast.hostile;

import org.jspecify.annotations.NullMarked;
