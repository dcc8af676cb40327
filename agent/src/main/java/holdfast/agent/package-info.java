/// The agent on a source server: enrolment, rounds, first copy, rescan, reconnecting, status. It
/// reads the protected disks and never writes to them.
@NullMarked
package holdfast.agent;

import org.jspecify.annotations.NullMarked;
