package holdfast.cli;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.Map;

/// What the launcher runs once after a build, so that the JVM can record which classes a command
/// needs and keep them ready (JEP 514). Prints nothing, asks nobody, needs nothing.
final class Training {
    private Training() {}

    public static void main(String[] arguments) throws InterruptedException {
        var nowhere =
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        var context =
                new Context(
                        new Terminal(nowhere, nowhere, false),
                        Map.of("HOLDFAST_KEY", "none", "HOLDFAST_DATA", "/nonexistent"),
                        TimeSource.system(),
                        ZoneId.systemDefault(),
                        Processes.system());
        for (var line :
                new String[] {"--help", "--version", "servers --json", "points x --at -5m"}) {
            new CommandTree(context).run(line.split(" "));
        }
        ApiClient.JSON
                .readTree("{\"servers\": [{\"id\": \"s-1\", \"lagMillis\": 1}]}")
                .toPrettyString();
        // Port 1 refuses: most of what a request needs is loaded by then.
        try (var http = HttpClient.newHttpClient()) {
            http.send(
                    HttpRequest.newBuilder(URI.create("https://127.0.0.1:1/")).build(),
                    BodyHandlers.limiting(BodyHandlers.ofByteArray(), 1));
        } catch (IOException _) {
            // as meant
        }
    }
}
