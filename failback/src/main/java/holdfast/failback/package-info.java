/// The failback client. [FailbackClient] is the way in.
@NullMarked
package holdfast.failback;

import org.jspecify.annotations.NullMarked;
