/// The failback client as a live system, for a machine that has nothing else.
@NullMarked
package holdfast.images.live;

import org.jspecify.annotations.NullMarked;
