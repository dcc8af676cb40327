package holdfast.server;

import java.io.IOException;
import java.nio.file.Path;

/// A server in a process of its own, for tests that end it.
final class ServerMain {
    private ServerMain() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        ServerProcess.run(
                RunningServer.settings(Path.of(arguments[0])),
                server -> System.out.println("started " + server.apiAddress()));
    }
}
