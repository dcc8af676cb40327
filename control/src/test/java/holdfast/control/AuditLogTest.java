package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// What is in the audit log stays in it, as it was written, or its change is noticed.
class AuditLogTest {
    private static final SecretKey KEY = key();

    @TempDir Path directory;

    private final FakeTime time = new FakeTime(new Crash.Fuse());
    private AuditLog log;

    private static SecretKey key() {
        var bytes = new byte[32];
        for (var i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (0x40 + i);
        }
        return new SecretKeySpec(bytes, "HmacSHA256");
    }

    @BeforeEach
    void open() throws IOException {
        log = AuditLog.open(Filesystem.local(), directory, time, KEY);
    }

    @AfterEach
    void close() throws IOException {
        log.close();
    }

    private void reopen() throws IOException {
        log.close();
        open();
    }

    private static AuditEntry begun(String call) {
        return AuditEntry.begun(call, "10.0.0.7", "ops", "drs:StartRecovery", List.of("s-1"));
    }

    private static AuditEntry refused(String call) {
        return AuditEntry.refused(
                call, "10.0.0.8", Optional.of("AKIAX"), "drs:DescribeJobs", 403, Optional.empty());
    }

    private List<String> calls() throws IOException {
        return log.calls(_ -> true, Long.MAX_VALUE, 1000).stream()
                .map(AuditLogTest::shown)
                .toList();
    }

    private static String shown(ObjectNode entry) {
        return entry.path("call").asString("")
                + " "
                + entry.path("phase").asString("")
                + " "
                + entry.path("status").asInt(0);
    }

    private Path file() {
        return directory.resolve("000000000000001.jsonl");
    }

    @Test
    void callsAreShownOnceAndNewestFirstAcrossARestart() throws IOException {
        log.append(begun("a"));
        log.append(begun("b"));
        log.append(begun("a").ended(Map.of(), 202, Optional.empty()));
        log.append(refused("c"));
        reopen();
        assertThat(calls()).containsExactly("c REFUSED 403", "a ENDED 202", "b BEGUN 0");
        assertThat(log.calls(e -> e.path("seq").asLong() < 4, 4, 1)).hasSize(1);
        assertThat(log.verify()).isEqualTo(new AuditLog.Verification(4, Optional.empty()));
    }

    /// The lines of docs/formats/audit.md, whose codes were worked out without this code.
    @Test
    void linesAreWhatTheDocumentSays() throws IOException {
        var document = Files.readString(Path.of("..", "docs", "formats", "audit.md"));
        var lines = document.lines().filter(line -> line.startsWith("{\"seq\"")).toList();
        assertThat(lines).hasSize(2);
        var chain = new AuditChain(KEY);
        var first = chain.check(lines.getFirst(), AuditChain.Link.START).orElseThrow();
        assertThat(chain.check(lines.getLast(), first)).isPresent();
        var entry = AuditChain.parse(lines.getFirst());
        entry.remove(List.of("seq", "at", "mac"));
        var at = java.time.Instant.parse("2026-11-21T14:29:59.250Z");
        assertThat(chain.line(1, at, entry, AuditChain.Link.START.code()).text())
                .isEqualTo(lines.getFirst());
    }

    @Test
    void aLineCutShortIsTakenAwayAndTheLogGoesOn() throws IOException {
        log.append(begun("a"));
        log.close();
        Files.writeString(file(), "{\"seq\":2,\"at\"", StandardOpenOption.APPEND);
        open();
        log.append(refused("b"));
        assertThat(calls()).containsExactly("b REFUSED 403", "a BEGUN 0");
        assertThat(log.verify()).isEqualTo(new AuditLog.Verification(2, Optional.empty()));
    }

    @Test
    void everyFlippedByteIsNoticed() throws IOException {
        log.append(begun("a"));
        log.append(refused("b"));
        log.append(begun("c"));
        var intact = Files.readAllBytes(file());
        for (var i = 0; i < intact.length; i++) {
            var damaged = intact.clone();
            damaged[i] ^= 1;
            Files.write(file(), damaged);
            assertThat(log.verify().fault()).as("byte %d", i).isPresent();
            calls(); // shows what it can
        }
        Files.write(file(), intact);
        assertThat(log.verify().fault()).isEmpty();
    }

    @Test
    void aLineTakenOutPutInOrCutOffIsNoticed() throws IOException {
        for (var call : List.of("a", "b", "c")) {
            log.append(begun(call));
        }
        var lines = Files.readAllLines(file(), StandardCharsets.UTF_8);
        Files.write(file(), List.of(lines.get(0), lines.get(2)));
        assertThat(log.verify().fault().orElseThrow()).contains("line 2");
        Files.write(file(), List.of(lines.get(0), lines.get(1), lines.get(1), lines.get(2)));
        assertThat(log.verify().fault().orElseThrow()).contains("line 3");
        Files.write(file(), lines.subList(0, 2));
        assertThat(log.verify().fault().orElseThrow()).contains("ends with entry 2");
        Files.write(file(), lines.subList(1, 3));
        assertThat(log.verify().fault().orElseThrow()).contains("line 1");
    }

    @Test
    void aFullFileIsFollowedByAnotherThatGoesOnWithTheChain() throws IOException {
        var large = "x".repeat(1 << 20);
        for (var i = 0; i < 18; i++) {
            log.append(
                    AuditEntry.begun("c" + i, "10.0.0.7", "ops", large, List.of())
                            .ended(Map.of(), 200, Optional.empty()));
        }
        reopen();
        log.append(refused("last"));
        assertThat(Files.list(directory)).hasSize(2);
        assertThat(calls()).hasSize(19).startsWith("last REFUSED 403").endsWith("c0 ENDED 200");
        assertThat(log.verify()).isEqualTo(new AuditLog.Verification(19, Optional.empty()));
    }

    @Test
    void unknownCallersCannotFillTheDisk() throws IOException {
        for (var i = 0; i < 1000; i++) {
            log.appendUnknown(refused("c" + i));
        }
        assertThat(calls()).hasSize(AuditLog.UNKNOWN_BURST);
        time.advance(Duration.ofSeconds(2));
        log.appendUnknown(refused("later"));
        var newest = log.calls(_ -> true, Long.MAX_VALUE, 1).getFirst();
        assertThat(newest.path("unwrittenBefore").asLong())
                .isEqualTo(1000 - AuditLog.UNKNOWN_BURST);
    }
}
