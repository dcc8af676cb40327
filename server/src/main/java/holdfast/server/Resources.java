package holdfast.server;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/// Resources that are closed in the reverse order of their opening; an error in one is logged and
/// does not keep the rest open.
final class Resources implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("holdfast.server");

    private final Deque<Resource> opened = new ArrayDeque<>();

    <T extends AutoCloseable> T add(String name, T resource) {
        opened.push(new Resource(name, resource));
        return resource;
    }

    /// @throws IOException the first error, later ones suppressed in it
    @Override
    public void close() throws IOException {
        IOException first = null;
        while (!opened.isEmpty()) {
            var next = opened.pop();
            try {
                next.resource().close();
            } catch (Exception e) { // whatever it is, those that it rests on must be closed too
                LOG.log(System.Logger.Level.ERROR, "closing {0}: {1}", next.name(), e);
                if (first == null) {
                    first = new IOException("closing " + next.name() + ": " + e.getMessage(), e);
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private record Resource(String name, AutoCloseable resource) {}
}
