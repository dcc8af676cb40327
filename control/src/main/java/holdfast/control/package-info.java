/// The control plane. Records and state machines with pure transitions; every change is written to
/// the [Database], with its reason, before it is acted on; jobs are leased rows that a later
/// [Controller] picks up where an earlier one was killed. [Controller] is the way in.
@NullMarked
package holdfast.control;

import org.jspecify.annotations.NullMarked;
