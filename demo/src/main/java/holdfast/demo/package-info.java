/// A whole installation run as a user would run it: processes, commands, a source disk under load,
/// and the check that what comes back is what was acknowledged.
@NullMarked
package holdfast.demo;

import org.jspecify.annotations.NullMarked;
