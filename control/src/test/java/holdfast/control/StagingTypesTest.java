package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.volume.StoreStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Into which storage class a server's replica goes, and when.
class StagingTypesTest {
    private static final Set<String> CLASSES = Set.of("STANDARD", "ST1", "GP3");
    private static final long LARGE = (125L << 30) + 1;

    @TempDir Path directory;
    private Installation installation;
    private String id = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        installation.store.classes.addAll(List.of("ST1", "GP3"));
        id = installation.server();
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    private static SequencedMap<String, Long> disks(long first, long second) {
        var disks = new LinkedHashMap<String, Long>();
        disks.put("/dev/sda", first);
        disks.put("/dev/sdb", second);
        return disks;
    }

    private static StagingTypes types(Map<String, String> ofDisks, String ofLarge) {
        return new StagingTypes(ofDisks, Optional.of(ofLarge).filter(type -> !type.isEmpty()));
    }

    @Test
    void whatIsNamedOfOneDiskIsOfAll() {
        var named = types(Map.of("/dev/sdb", "ST1"), "GP3");
        assertThat(named.choose(disks(1, LARGE), CLASSES)).isEqualTo("ST1");
        assertThat(named.choose(disks(1, 1), Set.of("STANDARD", "GP3"))).isEqualTo("STANDARD");
        assertThat(types(Map.of("/dev/sda", "IO1"), "ST1").choose(disks(LARGE, 1), CLASSES))
                .as("has no area of its own")
                .isEqualTo("STANDARD");
        assertThat(types(Map.of("/dev/sdz", "ST1"), "").choose(disks(1, 1), CLASSES))
                .as("a disk that is gone")
                .isEqualTo("STANDARD");
    }

    @Test
    void aLargeDiskDecidesWhereNothingIsNamed() {
        var large = types(Map.of(), "ST1");
        assertThat(large.choose(disks(1, LARGE - 1), CLASSES)).isEqualTo("STANDARD");
        assertThat(large.choose(disks(1, LARGE), CLASSES)).isEqualTo("ST1");
        assertThat(large.choose(disks(1, LARGE), Set.of("STANDARD"))).isEqualTo("STANDARD");
        assertThat(StagingTypes.NONE.choose(disks(1, LARGE), CLASSES)).isEqualTo("STANDARD");
    }

    @Test
    void disksInSeveralClassesAreRefusedWhereThereAreSeveral() {
        var mixed = types(Map.of("/dev/sda", "ST1", "/dev/sdb", "GP2"), "");
        assertThatThrownBy(() -> mixed.requireOne(CLASSES))
                .isInstanceOf(RefusalException.class)
                .hasMessageContainingAll(
                        "/dev/sda in ST1 (storage class ST1)",
                        "/dev/sdb in GP2 (storage class STANDARD)",
                        "name one for all");
        mixed.requireOne(Set.of("STANDARD"));
        types(Map.of("/dev/sda", "IO1", "/dev/sdb", "SC1"), "").requireOne(CLASSES);
        assertThat(mixed.choose(disks(1, 1), CLASSES)).as("set before ST1 was").isEqualTo("ST1");
    }

    private void configure(String... types) throws IOException {
        var wanted = types(Map.of("/dev/sda", types[0], "/dev/sdb", types[1]), "");
        UnaryOperator<ReplicationSettings> change =
                before ->
                        new ReplicationSettings(
                                0, before.policy(), before.encryptionKey(), wanted, "");
        installation.controller().orders().configure(id, change);
    }

    /// What the server's replica is in, or would be made in.
    private String told() throws IOException {
        var controller = installation.controller();
        return controller
                .placement()
                .of(controller.servers().get(id), controller.replicationSettings().of(id));
    }

    @Test
    void anotherClassIsOfTheNextReplica() throws IOException {
        assertThat(told()).isEqualTo("STANDARD");
        assertThatThrownBy(() -> configure("ST1", "GP3"))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("malformed-staging-types"));
        assertThat(installation.controller().replicationSettings().of(id).staging())
                .as("nothing of it was kept")
                .isEqualTo(StagingTypes.NONE);
        configure("ST1", "ST1");
        installation.restart();
        var servers = installation.controller().servers();
        servers.begin(id, Installation.MACHINE, Installation.DISKS);
        assertThat(told()).as("the replica that there is").isEqualTo("STANDARD");
        installation.controller().orders().stop(id);
        assertThat(servers.get(id).storageClass()).isEmpty();
        assertThat(told()).as("of the next one").isEqualTo("ST1");
        installation.controller().orders().start(id);
        servers.begin(id, Installation.MACHINE, Installation.DISKS);
        assertThat(servers.get(id).storageClass()).contains("ST1");
        assertThat(installation.store.storageClass(id)).contains("ST1");
        configure("GP3", "GP3");
        servers.begin(id, Installation.MACHINE, Installation.DISKS);
        assertThat(told()).as("while it is replicated").isEqualTo("ST1");
    }

    @Test
    void classesAddedLaterKeepNobodyFromChangingWhatElseThereIs() throws IOException {
        installation.store.classes.clear();
        configure("ST1", "GP3");
        installation.store.classes.add("ST1");
        installation
                .controller()
                .orders()
                .configure(
                        id,
                        before ->
                                new ReplicationSettings(
                                        7,
                                        before.policy(),
                                        before.encryptionKey(),
                                        before.staging(),
                                        ""));
        assertThat(installation.controller().replicationSettings().of(id).limitBytesPerSecond())
                .isEqualTo(7);
        assertThatThrownBy(() -> configure("GP3", "ST1")).isInstanceOf(RefusalException.class);
    }

    @Test
    void aServerStallsForItsOwnAreaOnly() throws IOException {
        var other = installation.server();
        installation.store.failing.add(other);
        var servers = installation.controller().servers();
        for (var server : List.of(id, other)) {
            servers.reported(server, installation.report(AgentReport.State.INITIAL_SYNC));
        }
        assertThat(servers.get(id).server().state())
                .isInstanceOf(ReplicationState.InitialSync.class);
        assertThat(servers.get(other).server().state())
                .isInstanceOf(ReplicationState.Stalled.class);
    }

    @Test
    void whatCannotBeDeletedNowKeepsNothingElse() throws IOException {
        var orders = installation.controller().orders();
        var other = installation.server();
        installation.store.failing.add(id);
        orders.stop(id);
        orders.stop(other);
        assertThat(installation.store.storageClass(other)).isEmpty();
        assertThat(installation.store.storageClass(id)).isPresent();
        installation.store.failing.clear();
        installation.controller().housekeeping().watch();
        assertThat(installation.store.storageClass(id)).isEmpty();
        assertThat(installation.store.status().state()).isEqualTo(StoreStatus.State.WRITING);
    }
}
