package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.DataReplicationErrorString;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationEbsEncryption;
import software.amazon.awssdk.services.drs.model.ValidationException;

/// A key of the operator's own: set by AWS clients, and taken away and put back under a server that
/// replicates.
class EncryptionKeysTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int DISK_BYTES = 4 << 20;

    private Lab lab;
    private DrsFixture fixture;
    private DrsClient drs;
    private Path disk;
    private Process server;
    private Process agent;

    @BeforeEach
    void open() throws Exception {
        lab = Lab.open("keys");
        var content = new byte[DISK_BYTES];
        new SplittableRandom(5).nextBytes(content);
        disk = Files.write(lab.directory.resolve("disk.img"), content);
        server = lab.installation.startServer();
        agent = lab.installation.startAgent(List.of("--disk", disk.toString()));
        fixture = new DrsFixture(lab, disk);
        drs = lab.keep(fixture.client(fixture.firstKey()));
        await("CONTINUOUS");
        drs.initializeService(_ -> {});
    }

    @AfterEach
    void close() throws IOException {
        lab.close();
    }

    private void await(String state) throws IOException, InterruptedException {
        lab.installation.awaitState(state, agent, PATIENCE);
    }

    private String id() throws IOException, InterruptedException {
        return lab.installation.server().required("id").asString();
    }

    private void encryptBy(String arn) throws IOException, InterruptedException {
        var id = id();
        drs.updateReplicationConfiguration(r ->
                r.sourceServerID(id)
                        .ebsEncryption(ReplicationConfigurationEbsEncryption.CUSTOM)
                        .ebsEncryptionKeyArn(arn));
    }

    private void assertExported(String name) throws IOException, InterruptedException {
        var image = lab.directory.resolve(name + ".raw");
        lab.installation.export(disk, lab.installation.point(lab.time.now()), image);
        assertThat(Files.mismatch(image, disk)).isEqualTo(-1);
    }

    @Test
    void aKeyIsSetTakenAwayAndPutBackWhileAllIsRunning() throws Exception {
        var before = lab.installation.point(lab.time.now());
        var made = lab.installation.command("encryption-keys", "create", "--name", "finance");
        var arn = made.required("arn").asString();
        var file = Path.of(made.required("file").asString());
        var key = Arrays.copyOfRange(Files.readAllBytes(file), 24, 56);
        encryptBy(arn);
        var id = id();
        var told = drs.getReplicationConfiguration(r -> r.sourceServerID(id));
        assertThat(told.ebsEncryption()).isEqualTo(ReplicationConfigurationEbsEncryption.CUSTOM);
        assertThat(told.ebsEncryptionKeyArn()).isEqualTo(arn);
        assertThat(lab.installation.point(before.instant()).id())
                .as("points of before are there")
                .isEqualTo(before.id());
        assertExported("set");

        var away = Files.move(file, lab.directory.resolve("away"));
        assertStalled(file);
        assertThat(
                        lab.installation
                                .attempt(
                                        "export",
                                        id,
                                        "--disk",
                                        disk.toString(),
                                        "--point",
                                        before.id(),
                                        "--format",
                                        "raw",
                                        "--to",
                                        lab.directory.resolve("not.raw").toString())
                                .error())
                .contains("put " + file + " back");
        assertThatThrownBy(() ->
                        drs.updateReplicationConfiguration(r ->
                                r.sourceServerID(id)
                                        .ebsEncryption(
                                                ReplicationConfigurationEbsEncryption.DEFAULT)))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("put " + file + " back");
        Files.move(away, file);
        await("CONTINUOUS");
        assertExported("back");

        server.destroyForcibly().waitFor();
        Files.move(file, away);
        server = lab.installation.startServer();
        assertStalled(file);
        Files.move(away, file);
        await("CONTINUOUS");
        assertExported("restarted");

        var refused = lab.installation.attempt("encryption-keys", "delete", arn);
        assertThat(refused.error()).contains("is used by " + id);
        var admin = fixture.firstKey();
        fixture.aws(
                        admin,
                        "drs",
                        "update-replication-configuration",
                        "--source-server-id",
                        id,
                        "--ebs-encryption",
                        "DEFAULT")
                .orThrow();
        assertThat(drs.getReplicationConfiguration(r -> r.sourceServerID(id)).ebsEncryptionKeyArn())
                .isNull();
        lab.installation.command("encryption-keys", "delete", arn);
        assertThat(file).doesNotExist();
        await("CONTINUOUS");
        assertExported("default");
        assertNotTold(key);
    }

    private void assertStalled(Path file) throws IOException, InterruptedException {
        await("STALLED");
        lab.installation.await(
                "the missing key being named",
                agent,
                PATIENCE,
                () -> {
                    var error =
                            drs.describeSourceServers(_ -> {})
                                    .items()
                                    .getFirst()
                                    .dataReplicationInfo()
                                    .dataReplicationError();
                    return error != null
                            && error.error() == DataReplicationErrorString.SNAPSHOTS_FAILURE
                            && error.rawError().startsWith("encryption-key-missing: ")
                            && error.rawError().contains("put " + file + " back");
                });
    }

    private void assertNotTold(byte[] key) throws IOException {
        for (var log : List.of("server.log", "agent.log")) {
            var text = Files.readString(lab.directory.resolve(log), StandardCharsets.ISO_8859_1);
            assertThat(text.toLowerCase(Locale.ROOT)).doesNotContain(HexFormat.of().formatHex(key));
            assertThat(text).doesNotContain(Base64.getEncoder().encodeToString(key));
        }
    }

    @Test
    void keysThatThereAreNotAndWordsThatContradictEachOtherAreRefused() throws Exception {
        var id = id();
        assertInvalid("no encryption key", "arn:aws:kms:eu-central-1:123456789012:key/1");
        assertInvalid(
                "holdfast encryption-keys create",
                "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-4def-8123-456789abcdef");
        assertThatThrownBy(() ->
                        drs.updateReplicationConfiguration(r ->
                                r.sourceServerID(id)
                                        .ebsEncryption(
                                                ReplicationConfigurationEbsEncryption.CUSTOM)))
                .isInstanceOf(ValidationException.class)
                .hasMessageContaining("needs the ARN");
        var made = lab.installation.command("encryption-keys", "create");
        assertThatThrownBy(() ->
                        drs.updateReplicationConfiguration(r ->
                                r.sourceServerID(id)
                                        .ebsEncryptionKeyArn(made.required("arn").asString())))
                .isInstanceOf(ValidationException.class)
                .hasMessageContaining("CUSTOM only");
        lab.installation.command(
                "encryption-keys", "assign", id, "--key", made.required("id").asString());
        assertThat(drs.getReplicationConfiguration(r -> r.sourceServerID(id)).ebsEncryptionKeyArn())
                .as("with the Region that asks")
                .matches("arn:aws:kms:" + DrsFixture.REGION + ":[0-9]{12}:key/.*");
        assertThat(lab.installation.command("servers", "show", id).path("encryptionKey"))
                .isEqualTo(made.required("id"));
        lab.installation.command("encryption-keys", "assign", id);
        assertThat(drs.getReplicationConfiguration(r -> r.sourceServerID(id)).ebsEncryption())
                .isEqualTo(ReplicationConfigurationEbsEncryption.DEFAULT);
    }

    private void assertInvalid(String why, String arn) {
        assertThatThrownBy(() -> encryptBy(arn))
                .isInstanceOfSatisfying(
                        ValidationException.class,
                        e ->
                                assertThat(e.fieldList().getFirst().name())
                                        .isEqualTo("ebsEncryptionKeyArn"))
                .hasMessageContaining(why);
    }
}
