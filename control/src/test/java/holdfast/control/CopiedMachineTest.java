package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.MachineFacts;
import holdfast.replication.MachineIdentity;
import holdfast.replication.Newcomer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A copy of a server holds its agent and the agent's certificate, and must not replicate in its
/// place.
class CopiedMachineTest {
    private static final MachineIdentity METAL =
            new MachineIdentity(
                    "8f4e5f6a-0c1d-4e2b-9a3c-5d6e7f8091a2", List.of("52:54:00:00:00:01"));
    private static final MachineIdentity GUEST =
            new MachineIdentity(
                    "11111111-2222-3333-4444-555555555555", List.of("02:00:00:00:00:01"));

    @TempDir Path directory;
    private Installation installation;
    private String id = "";

    @BeforeEach
    void open() throws Exception {
        installation = new Installation(directory);
        var token = "token";
        installation.controller().enrolments().admit(token);
        id = installation.controller().enrolments().enrol(token, "web1", one -> one).server().id();
        assertThat(connect(METAL, "boot-1", false)).isZero();
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void aCopyOnOtherHardwareIsRefusedWhetherTheServerIsThereOrNot() throws Exception {
        assertRefused(GUEST, "boot-g", true);
        assertRefused(GUEST, "boot-g", false);
        installation.restart();
        assertRefused(GUEST, "boot-h", false);
        assertThat(connect(METAL, "boot-1", false)).as("the server goes on as it was").isZero();
    }

    @Test
    void whatWasRefusedIsShown() throws Exception {
        assertRefused(GUEST, "boot-g", true);
        installation.time.advance(java.time.Duration.ofMinutes(6));
        assertRefused(GUEST, "boot-g", true);
        assertThat(servers().refusedMachines(id))
                .singleElement()
                .satisfies(other -> {
                    assertThat(other.identity()).isEqualTo(GUEST);
                    assertThat(other.address()).isEqualTo("192.0.2.7:4711");
                    assertThat(other.firstAt()).isEqualTo(FakeTime.START);
                    assertThat(other.lastAt()).isAfter(other.firstAt());
                });
    }

    @Test
    void aRestartOfTheServerIsTakenForOneAndHasItsReplicaCompared() throws Exception {
        assertThat(connect(METAL, "boot-2", false)).isEqualTo(1);
        assertThat(connect(METAL, "boot-2", true)).as("the same boot again").isEqualTo(1);
    }

    @Test
    void aCopyWithTheSameHardwareIsToldByTheServersOwnAnswer() throws Exception {
        assertRefused(METAL, "boot-copy", true);
        // also later, when the server is away for a moment
        assertRefused(METAL, "boot-copy", false);
        assertThat(connect(METAL, "boot-1", false)).isZero();
    }

    @Test
    void whoWasReplacedNeverComesBackByItself() throws Exception {
        connect(METAL, "boot-copy", false); // the server was cut off from us just then
        assertRefused(METAL, "boot-1", true);
        assertRefused(METAL, "boot-1", false);
    }

    @Test
    void agentsThatDoNotSayTheirIdentityAreToldByTheirBoots() throws Exception {
        assertThat(connect(MachineIdentity.UNKNOWN, "boot-1", false)).isZero();
        assertThat(connect(MachineIdentity.UNKNOWN, "boot-2", false)).isEqualTo(1);
        assertRefused(MachineIdentity.UNKNOWN, "boot-1", true);
        assertRefused(GUEST, "boot-3", false); // what was known once stays known
    }

    @Test
    void anUpgradedAgentSaysItsIdentityForTheFirstTimeAndNothingIsComparedForThat()
            throws Exception {
        var token = "another";
        installation.controller().enrolments().admit(token);
        id = installation.controller().enrolments().enrol(token, "web2", one -> one).server().id();
        assertThat(connect(MachineIdentity.UNKNOWN, "boot-1", false)).isZero();
        assertThat(connect(METAL, "boot-1", false)).isZero();
        assertRefused(GUEST, "boot-2", false);
    }

    @Test
    void theOperatorSaysWhichMachineTheServerIs() throws Exception {
        assertThatThrownBy(() -> accept(Optional.empty()))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("unknown-machine"));
        assertRefused(GUEST, "boot-g", true);
        assertRefused(GUEST, "boot-h", true);
        assertThatThrownBy(() -> accept(Optional.empty())).hasMessageContaining("boot-g");
        accept(Optional.of("boot-g"));
        assertThat(connect(GUEST, "boot-g", false)).isPositive();
        assertRefused(METAL, "boot-1", false);
        assertRefused(METAL, "boot-2", false);
        assertThat(connect(GUEST, "boot-i", false)).as("it restarts").isPositive();
    }

    @Test
    void aCopyOfAServerThatWasDisconnectedIsToldToGo() throws Exception {
        installation.controller().orders().disconnect(id);
        assertThatThrownBy(() -> connect(GUEST, "boot-g", false))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("server-disconnected"));
    }

    private void accept(Optional<String> boot) throws IOException {
        installation.controller().orders().acceptMachine(id, boot);
    }

    /// As the replicator has it.
    ///
    /// @return how often another boot has taken over
    private long connect(MachineIdentity identity, String boot, boolean incumbentAnswers)
            throws Exception {
        var known = Installation.MACHINE;
        var machine =
                new MachineFacts(
                                known.hostname(),
                                known.os(),
                                known.kernel(),
                                known.architecture(),
                                known.cpuModel(),
                                known.cpuCount(),
                                known.memoryBytes(),
                                known.uefi(),
                                boot,
                                known.agentVersion(),
                                known.tracker(),
                                known.networkInterfaces())
                        .with(identity);
        servers().admit(id, new Newcomer(machine, "192.0.2.7:4711", () -> incumbentAnswers));
        return servers().begin(id, machine, Installation.DISKS).boots();
    }

    private void assertRefused(MachineIdentity identity, String boot, boolean incumbentAnswers) {
        assertThatThrownBy(() -> connect(identity, boot, incumbentAnswers))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo("other-machine");
                            assertThat(e).hasMessageContaining("accept-machine " + id);
                        });
    }

    private Servers servers() {
        return installation.controller().servers();
    }
}
