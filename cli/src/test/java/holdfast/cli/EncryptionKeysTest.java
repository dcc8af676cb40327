package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `holdfast encryption-keys` against a server that answers as `docs/api.md` says.
class EncryptionKeysTest {
    private static final String KEY =
            """
            {"id": "k-1", "arn": "arn:aws:kms:eu-central-1:123456789012:key/k-1", "name": "finance",
             "createdAt": "2026-11-21T15:00:00.000Z", "file": "/d/encryption-keys/k-1.key",
             "usable": false, "fault": "encryption key k-1 is missing: put it back",
             "servers": ["s-1", "s-2"], "templates": ["rct-1"]}
            """;

    @TempDir Path folder;

    private FakeApi api;
    private CommandLineFixture holdfast;

    @BeforeEach
    void start() throws Exception {
        api = new FakeApi(Files.createDirectory(folder.resolve("data")));
        holdfast = new CommandLineFixture(folder).asking(api);
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void aKeyIsMadeAndToldByItsArn() {
        api.on("POST /encryption-keys", 201, KEY);
        var ran = holdfast.line("encryption-keys create --name finance --region eu-central-1");
        assertThat(ran.out()).isEqualTo("arn:aws:kms:eu-central-1:123456789012:key/k-1\n");
        assertThat(ran.err()).contains("/d/encryption-keys/k-1.key: keep a copy");
        assertThat(api.requests())
                .containsExactly(
                        "POST /encryption-keys {\"name\":\"finance\",\"region\":\"eu-central-1\"}");
    }

    @Test
    void keysAreListedWithWhatTheyEncryptAndWhatIsWrong() {
        api.on(
                "GET /encryption-keys?region=eu-central-1",
                200,
                "{\"encryptionKeys\": [" + KEY + "]}");
        assertThat(holdfast.line("encryption-keys list --region eu-central-1").out())
                .contains("key/k-1", "finance", "s-1, s-2, rct-1", "is missing: put it back");
    }

    @Test
    void aServerIsGivenAKeyAndTheInstallationsOwnAgain() {
        api.on("GET /servers", 200, "{\"servers\": [{\"id\": \"s-1\", \"hostname\": \"web-1\"}]}")
                .on("PUT /servers/s-1/encryption-key", 204, "")
                .on("DELETE /servers/s-1/encryption-key", 204, "");
        assertThat(holdfast.line("encryption-keys assign web-1 --key k-1").out())
                .isEqualTo("s-1 is encrypted by k-1\n");
        assertThat(holdfast.line("encryption-keys assign web-1").out())
                .isEqualTo("s-1 is encrypted by the installation's own key\n");
        assertThat(api.requests()).contains("PUT /servers/s-1/encryption-key {\"key\":\"k-1\"}");
    }

    @Test
    void aKeyIsDestroyedByIdOrArn() {
        api.on("DELETE /encryption-keys/k-1", 204, "");
        for (var key : new String[] {"k-1", "arn:aws:kms:eu-central-1:123456789012:key/k-1"}) {
            assertThat(holdfast.line("encryption-keys delete " + key).out())
                    .isEqualTo(key + " destroyed\n");
        }
        assertThat(holdfast.line("encryption-keys delete").status()).isEqualTo(ExitStatus.USAGE);
    }
}
