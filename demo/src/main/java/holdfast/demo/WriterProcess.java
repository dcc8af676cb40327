package holdfast.demo;

import holdfast.base.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A running [RecordWriter] and the history of what it was told. The opener closes it; closing
/// kills the writer as a power cut would.
public final class WriterProcess implements AutoCloseable {
    private final Process process;
    private final RecordHistory history = new RecordHistory();
    private final Thread reader;

    private WriterProcess(Process process) {
        this.process = process;
        this.reader = Thread.ofVirtual().name("record-history").start(this::read);
    }

    /// @param fileA on a protected disk; absent
    /// @param fileB on the same or another protected disk of the same server; absent
    /// @param pause between two records
    public static WriterProcess start(Processes processes, Path fileA, Path fileB, Duration pause)
            throws IOException {
        return start(
                processes,
                RecordWriter.class.getName(),
                List.of(fileA.toString(), fileB.toString(), Long.toString(pause.toNanos() / 1000)));
    }

    /// Starts another writer that tells what is acknowledged in the form of [RecordWriter].
    ///
    /// @param mainClass on this process's class path
    public static WriterProcess start(Processes processes, String mainClass, List<String> arguments)
            throws IOException {
        return new WriterProcess(
                processes.start(
                        new ProcessBuilder(Program.java(mainClass).command(arguments))
                                .redirectError(ProcessBuilder.Redirect.INHERIT)));
    }

    public RecordHistory history() {
        return history;
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    private void read() {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(
                                process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                var fields = line.split(" ", -1);
                if (fields.length == 3) { // a kill may cut the last line
                    history.acknowledged(Long.parseLong(fields[0]), Long.parseLong(fields[2]));
                }
            }
        } catch (IOException _) {
            // the writer was killed: what it told until then is the history
        }
    }

    /// Kills the writer. On return the history is complete.
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
            reader.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
