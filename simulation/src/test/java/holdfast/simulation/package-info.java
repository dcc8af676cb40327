/// A simulated world: agents, replicator and store run as they are, on a clock, a network and disks
/// that one seed drives. See this module's README.
@NullMarked
package holdfast.simulation;

import org.jspecify.annotations.NullMarked;
