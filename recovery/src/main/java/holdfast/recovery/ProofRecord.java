package holdfast.recovery;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// A boot proof as it is kept: `proof.json`, see `docs/operations/recovery.md`. Its files are named
/// by their place beside it, so that the evidence may be moved as a whole.
final class ProofRecord {
    private static final int VERSION = 1;
    private static final int BYTES_MAX = 64 << 10;
    private static final JsonMapper JSON = JsonMapper.shared();

    private ProofRecord() {}

    /// @param launchedAt of the run that it is about
    static void write(
            SmallFiles files, MachineDirectory directory, Instant launchedAt, BootProof proof)
            throws IOException {
        var root = JSON.createObjectNode().put("version", VERSION);
        root.put("launchedAt", launchedAt.toString());
        root.put("proven", proof.proven());
        root.put("evidence", proof.evidence());
        root.put("tookMillis", proof.took().toMillis());
        root.put("consoleLog", directory.consoleLog().getFileName().toString());
        proof.screenshot().ifPresent(file -> root.put("screenshot", file.getFileName().toString()));
        files.write(directory.proof(), root.toPrettyString().getBytes(StandardCharsets.UTF_8));
    }

    /// The proof of that run, if one was kept.
    static Optional<BootProof> read(
            SmallFiles files, MachineDirectory directory, Instant launchedAt) throws IOException {
        var text = files.readIfPresent(directory.proof(), BYTES_MAX);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            var root = JSON.readTree(text.get());
            if (root.required("version").intValue() != VERSION
                    || !Instant.parse(root.required("launchedAt").stringValue())
                            .equals(launchedAt)) {
                return Optional.empty();
            }
            return Optional.of(
                    new BootProof(
                            root.required("proven").booleanValue(),
                            root.required("evidence").stringValue(),
                            Duration.ofMillis(root.required("tookMillis").longValue()),
                            directory.consoleLog(),
                            root.has("screenshot")
                                    ? Optional.of(directory.screenshot())
                                    : Optional.empty()));
        } catch (JacksonException | DateTimeException e) {
            throw new IOException(directory.proof() + ": damaged: " + e.getMessage(), e);
        }
    }
}
