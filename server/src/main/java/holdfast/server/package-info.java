/// The server process: settings, data directory, wiring, and the HTTP API of docs/api.md.
/// [HoldfastServer] is the way in.
@NullMarked
package holdfast.server;

import org.jspecify.annotations.NullMarked;
