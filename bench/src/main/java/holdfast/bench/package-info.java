/// Measures the whole product against peers that do a part of its work, in the same run on the same
/// machine: first copy, cost on the source, lag, recovery. Everything measured is a process of its
/// own, started as a user starts it.
@NullMarked
package holdfast.bench;

import org.jspecify.annotations.NullMarked;
