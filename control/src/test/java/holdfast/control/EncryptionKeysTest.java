package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.replication.SessionControl;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.VolumeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncryptionKeysTest {
    private static final UUID UNKNOWN = new UUID(1, 2);

    @TempDir Path directory;
    private Installation installation;

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
    }

    @AfterEach
    void close() throws IOException {
        installation.database().verify();
        installation.close();
    }

    private EncryptionKeys keys() {
        return installation.controller().encryptionKeys();
    }

    private void assign(String server, Optional<UUID> key) throws IOException {
        installation.controller().orders().configure(server, before -> before.encryptedBy(key));
    }

    private ReplicationState state(String server) throws IOException {
        return installation.controller().servers().get(server).server().state();
    }

    @Test
    void aKeyIsMadeListedAndDestroyed() throws IOException {
        var made = keys().create("finance");
        assertThat(Path.of(made.file())).exists().hasFileName(made.key().id() + ".key");
        assertThat(made.fault()).isEmpty();
        installation.restart();
        assertThat(keys().list()).containsExactly(made);
        keys().delete(made.key().id());
        assertThat(Path.of(made.file())).doesNotExist();
        assertThat(keys().list()).isEmpty();
        assertCode("unknown-encryption-key", () -> keys().delete(made.key().id()));
        assertCode("malformed-encryption-key", () -> keys().create("no blanks"));
    }

    @Test
    void whatAServerIsEncryptedByActsAtOnceAndOutlivesARestart() throws IOException {
        var server = installation.server();
        var key = keys().create("").key().id();
        assign(server, Optional.of(key));
        assertThat(installation.store.encryptionKeys).containsEntry(server, key);
        assertThat(keys().list().getFirst().servers()).containsExactly(server);
        assertThatThrownBy(() -> keys().delete(key))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(server);
        installation.store.encryptionKeys.clear(); // as of a crash before anything was wrapped
        installation.restart();
        assertThat(installation.store.encryptionKeys).containsEntry(server, key);
        installation.store.encryptionKeys.clear();
        begin(server);
        assertThat(installation.store.encryptionKeys).containsEntry(server, key);
        assign(server, Optional.empty());
        assertThat(installation.store.encryptionKeys).isEmpty();
        keys().delete(key);
    }

    @Test
    void anUnknownOrMissingKeyOrThatOfAnotherAccountIsRefusedAndNothingChanges() throws Exception {
        var server = installation.server();
        assertCode("unknown-encryption-key", () -> assign(server, Optional.of(UNKNOWN)));
        var missing = keys().create("");
        Files.delete(Path.of(missing.file()));
        assertCode(
                SessionControl.KEY_MISSING, () -> assign(server, Optional.of(missing.key().id())));
        assertThat(keys().list().getFirst().fault()).get().asString().contains("put", "back");
        var accounts = installation.controller().accounts();
        var account = accounts.create("branch").id();
        var theirs = accounts.as(account, () -> keys().create("theirs"));
        assertThat(theirs.account()).isEqualTo(account);
        accounts.as(
                accounts.get().id(),
                () -> {
                    assertThat(keys().list()).hasSize(1);
                    return assertThatThrownBy(() -> keys().get(theirs.key().id()))
                            .isInstanceOf(RefusalException.class);
                });
        assertCode("unknown-encryption-key", () -> assign(server, Optional.of(theirs.key().id())));
        assertThat(installation.store.encryptionKeys).isEmpty();
        assertThat(installation.controller().replicationSettings().of(server).encryptionKey())
                .isEmpty();
    }

    @Test
    void newServersAreEncryptedAsTheTemplateSays() throws IOException {
        var key = keys().create("").key().id();
        var template =
                installation
                        .controller()
                        .replicationSettings()
                        .createTemplate(before -> before.encryptedBy(Optional.of(key)), Map.of());
        assertThat(keys().list().getFirst().templates()).containsExactly(template.id());
        assertCode("encryption-key-in-use", () -> keys().delete(key));
        var server = installation.server();
        assertThat(installation.store.encryptionKeys).containsEntry(server, key);
    }

    /// The agent is told, and asks again; what it says in a session that it has does not count.
    @Test
    void aServerWhoseKeyIsMissingIsStalledUntilItIsPutBack() throws IOException {
        var server = installation.server();
        var volume = installation.store.volumes().getFirst().id();
        installation.store.addPoint(server, 1, FakeTime.START, 0);
        report(server);
        assertThat(state(server)).isEqualTo(new ReplicationState.Continuous());
        takeAway(volume);
        report(server);
        assertMissing(server);
        installation.controller().servers().ended(server, Optional.of("refused"));
        assertMissing(server);
        assertCode(SessionControl.KEY_MISSING, () -> begin(server));
        assertMissing(server);
        assertCode(
                SessionControl.KEY_MISSING,
                () -> assign(server, Optional.of(keys().create("").key().id())));
        var limited = new ReplicationSettings(7, SnapshotPolicy.DEFAULT, "");
        installation.controller().orders().configure(server, _ -> limited); // that needs no key
        installation.store.keyFaults.clear();
        begin(server);
        assertThat(state(server)).isEqualTo(new ReplicationState.Initiating());
        report(server);
        assertThat(state(server)).isEqualTo(new ReplicationState.Continuous());
    }

    private void takeAway(VolumeId volume) {
        installation.store.keyFaults.put(volume, "encryption key k is missing: put f back");
    }

    private void assertMissing(String server) throws IOException {
        assertThat(state(server)).isEqualTo(new ReplicationState.Stalled("encryption-key-missing"));
        assertThat(installation.controller().servers().get(server).server().reason())
                .isEqualTo("encryption key k is missing: put f back");
    }

    private void begin(String server) throws IOException {
        installation.controller().servers().begin(server, Installation.MACHINE, Installation.DISKS);
    }

    private void report(String server) {
        var report = installation.report(AgentReport.State.CONTINUOUS);
        installation.controller().servers().reported(server, report);
    }

    /// Its disks are branches of another server's.
    @Test
    void aServerMadeOfARecoveryInstanceFollowsWhatItCameOf() throws IOException {
        var controller = installation.controller();
        var server = installation.server();
        installation.store.addPoint(server, 1, FakeTime.START, 0);
        controller.recover(List.of(server), false, new PointChoice.Newest());
        installation.work();
        var instance = controller.instances().list().getFirst().id();
        var key = keys().create("").key().id();
        controller
                .replicationSettings()
                .createTemplate(before -> before.encryptedBy(Optional.of(key)), Map.of());
        var reversed = controller.reversals().create(instance);
        assertThat(controller.replicationSettings().of(reversed).encryptionKey()).isEmpty();
        assertCode("server-reversed", () -> assign(reversed, Optional.of(key)));
        installation.time.advance(Duration.ofSeconds(1));
        assertThat(installation.store.encryptionKeys).doesNotContainKey(instance);
    }

    private static void assertCode(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
