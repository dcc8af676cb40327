/// The replication protocol (docs/formats/wire.md): the agent's [ReplicationLink], the replicator,
/// and the installation's certificate authority.
@NullMarked
package holdfast.replication;

import org.jspecify.annotations.NullMarked;
