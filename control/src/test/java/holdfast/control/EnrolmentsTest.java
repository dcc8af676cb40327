package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnrolmentsTest {
    @TempDir Path directory;
    private Installation installation;

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void aTokenAdmitsOneServer() throws IOException {
        var expiresAt = enrolments().admit("secret");
        assertThat(expiresAt).isEqualTo(FakeTime.START.plus(Duration.ofHours(24)));
        var enrolment = enrolments().enrol("secret", "web1", id -> "certificate of " + id);
        var id = enrolment.server().id();
        assertThat(id).matches("s-[0-9a-f]{17}");
        assertThat(enrolment.certificate()).isEqualTo("certificate of " + id);
        assertThat(installation.controller().servers().get(id).server().state())
                .isEqualTo(new ReplicationState.Initiating());
    }

    @Test
    void aUsedTokenIsRefusedWithWhoUsedIt() throws IOException {
        enrolments().admit("secret");
        var id = enrolments().enrol("secret", "web1", server -> server).server().id();
        assertRefused("secret", "token-used", "by server " + id);
        assertThat(installation.controller().servers().list()).hasSize(1);
    }

    @Test
    void anExpiredTokenIsRefused() throws IOException {
        enrolments().admit("secret");
        installation.time.advance(Duration.ofHours(24));
        assertRefused("secret", "token-expired", "expired at 2026-11-02T12:00:00Z");
    }

    @Test
    void aWrongTokenIsRefused() {
        assertRefused("guessed", "token-unknown", "holdfast token create");
    }

    @Test
    void aRefusedCertificateRequestCostsNoToken() throws IOException {
        enrolments().admit("secret");
        assertThatThrownBy(() ->
                        enrolments()
                                .enrol(
                                        "secret",
                                        "web1",
                                        _ -> {
                                            throw new RefusalException(
                                                    "malformed-csr", "not a request");
                                        }))
                .hasMessage("not a request");
        enrolments().enrol("secret", "web1", id -> id);
        assertThat(installation.controller().servers().list()).hasSize(1);
    }

    @Test
    void theTokenItselfIsNotStored() throws IOException {
        enrolments().admit("hf1.a-very-secret-token");
        var stored =
                new String(Files.readAllBytes(installation.file()), StandardCharsets.ISO_8859_1);
        assertThat(stored).doesNotContain("a-very-secret-token");
    }

    private Enrolments enrolments() {
        return installation.controller().enrolments();
    }

    private void assertRefused(String token, String code, String words) {
        assertThatThrownBy(() -> enrolments().enrol(token, "web1", id -> id))
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(words);
    }
}
