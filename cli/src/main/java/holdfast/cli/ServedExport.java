package holdfast.cli;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.node.ObjectNode;

/// One disk at one point, served over NBD by the server for as long as this is open. Closing ends
/// it, and so does the end of this process, however the user ends it short of `SIGKILL`.
final class ServedExport implements AutoCloseable {
    private final ApiClient api;
    private final Answer answer;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private final Thread atExit = new Thread(this::stop, "export-stop");

    /// Borrows the client.
    ServedExport(ApiClient api, ObjectNode request) throws IOException, InterruptedException {
        this(api, api.post("/exports", request));
    }

    /// Borrows the client.
    ///
    /// @param answer the export as the server told it
    ServedExport(ApiClient api, Answer answer) {
        this.api = api;
        this.answer = answer;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /// `{"id", "uri"}` as the server answered.
    Answer answer() {
        return answer;
    }

    String uri() {
        return answer.text("uri");
    }

    private void stop() {
        if (open.compareAndSet(true, false)) {
            try {
                api.delete(ApiClient.path("exports", answer.text("id")));
            } catch (IOException _) {
                // The server is gone, and with it the export.
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        stop();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException _) {
            // The process is ending and the hook has run or runs.
        }
    }
}
