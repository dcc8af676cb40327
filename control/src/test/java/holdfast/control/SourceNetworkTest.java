package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.recovery.FirewallRule;
import holdfast.recovery.Ipv4;
import holdfast.recovery.MachineSpec;
import holdfast.recovery.NetworkSpec;
import holdfast.recovery.Subnet;
import holdfast.replication.MachineFacts;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Networks from what agents tell to what instances are in.
class SourceNetworkTest {
    private static final String CARD = "52:54:00:00:00:01";

    @TempDir Path directory;
    private Installation installation;
    private String server = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        server = installation.server();
        tell(
                "eth0 52:54:00:00:00:01 10.0.0.2/24,fe80:0:0:0:0:0:0:1/64 gateway=10.0.0.254 dns=10.0.0.53 domain=site.example",
                "docker0 02:42:00:00:00:01 172.17.0.1/16");
        installation.store.addPoint(server, 7, FakeTime.START, 5);
    }

    @AfterEach
    void close() throws IOException {
        installation.database().verify();
        installation.close();
    }

    private void tell(String... interfaces) throws IOException {
        var known = Installation.MACHINE;
        var facts =
                new MachineFacts(
                        known.hostname(),
                        known.os(),
                        known.kernel(),
                        known.architecture(),
                        known.cpuModel(),
                        known.cpuCount(),
                        known.memoryBytes(),
                        known.uefi(),
                        known.bootId(),
                        known.agentVersion(),
                        known.tracker(),
                        List.of(interfaces));
        installation.controller().servers().begin(server, facts, Installation.DISKS);
    }

    private SourceNetworks networks() {
        return installation.controller().sourceNetworks();
    }

    private NetworkRecoveries recoveries() {
        return installation.controller().networkRecoveries();
    }

    private String vpc() throws IOException {
        return installation.controller().networks().list().stream()
                .filter(one -> one.description().subnet().equals(Subnet.parse("10.0.0.0/24")))
                .findFirst()
                .orElseThrow()
                .id();
    }

    private SourceNetwork get(String id) throws IOException {
        return networks().list().stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private String replicated() throws Exception {
        var id = networks().create(vpc(), "eu-central-1", Map.of("team", "a")).id();
        networks().start(id);
        keep();
        return id;
    }

    private void keep() throws Exception {
        networks().replicate();
        installation.controller().networkStacks().settle();
    }

    private String recover(String id, boolean asNew, String... stack) throws IOException {
        var job =
                recoveries()
                        .recover(
                                List.of(
                                        new NetworkRecoveries.Target(
                                                id, List.of(stack).stream().findFirst())),
                                asNew,
                                Map.of())
                        .job()
                        .id();
        installation.work();
        return job;
    }

    private static void assertRefused(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void networksAreWhatAgentsTellAndWhatOperatorsSay() throws IOException {
        var networks = installation.controller().networks();
        assertThat(networks.list()).hasSize(2);
        var found = networks.get(vpc());
        assertThat(found.id()).matches("vpc-[0-9a-f]{17}");
        var description = found.description();
        assertThat(description.gateway()).isEqualTo(Ipv4.parse("10.0.0.254"));
        assertThat(description.nameServers()).containsExactly(Ipv4.parse("10.0.0.53"));
        assertThat(description.domain()).contains("site.example");
        assertThat(description.rules())
                .containsExactly(FirewallRule.within(Subnet.parse("10.0.0.0/24")));
        assertThat(description.members())
                .containsExactly(
                        new NetworkDescription.Member(server, CARD, Ipv4.parse("10.0.0.2")));

        var rule =
                new FirewallRule(FirewallRule.Protocol.TCP, Subnet.parse("10.0.0.0/24"), 443, 443);
        var change =
                new NetworkChange(
                        Optional.of(Ipv4.parse("10.0.0.1")),
                        Optional.of(
                                new NetworkSpec.Range(
                                        Ipv4.parse("10.0.0.100"), Ipv4.parse("10.0.0.120"))),
                        Optional.of(List.of()),
                        Optional.empty(),
                        Optional.of(List.of(rule)));
        assertThat(networks.set(vpc(), change)).isEqualTo(networks.get(vpc()));
        var changed = networks.get(vpc()).description();
        assertThat(changed.gateway()).isEqualTo(Ipv4.parse("10.0.0.1"));
        assertThat(changed.nameServers()).isEmpty();
        assertThat(changed.domain()).contains("site.example");
        assertThat(changed.rules()).containsExactly(rule);
        assertRefused("unknown-network", () -> networks.set("vpc-1", change));
        assertRefused(
                "malformed-network",
                () ->
                        networks.set(
                                vpc(),
                                new NetworkChange(
                                        Optional.of(Ipv4.parse("10.0.1.1")),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Optional.empty())));
    }

    @Test
    void replicationFollowsTheNetworkAndTellsWhenItIsGone() throws Exception {
        var id = networks().create(vpc(), "eu-central-1", Map.of("team", "a")).id();
        assertThat(id).matches("sn-[0-9a-f]{17}");
        assertThat(installation.controller().tags().of(id)).containsEntry("team", "a");
        assertRefused(
                "source-network-exists", () -> networks().create(vpc(), "eu-west-1", Map.of()));
        assertRefused("unknown-network", () -> networks().create("vpc-0", "eu-west-1", Map.of()));
        keep();
        assertThat(get(id).state()).isEqualTo(NetworkState.STOPPED);
        assertThat(get(id).captured()).isEmpty();
        assertRefused("network-stopped", () -> networks().stop(id));
        assertRefused("network-not-captured", () -> recover(id, false));
        assertRefused("network-not-captured", () -> networks().export(id));

        assertThat(networks().start(id).state()).isEqualTo(NetworkState.IN_PROGRESS);
        assertRefused("network-replicating", () -> networks().start(id));
        keep();
        assertThat(get(id).state()).isEqualTo(NetworkState.PROTECTED);
        tell("eth0 52:54:00:00:00:01 10.0.0.3/24 gateway=10.0.0.254");
        keep();
        assertThat(get(id).captured().orElseThrow().members().getFirst().address())
                .isEqualTo(Ipv4.parse("10.0.0.3"));

        tell("eth0 52:54:00:00:00:01 10.9.0.2/24");
        keep();
        assertThat(get(id).state()).isEqualTo(NetworkState.ERROR);
        assertThat(get(id).reason()).contains("no protected server is in network");
        assertThat(get(id).captured()).isPresent();
        tell("eth0 52:54:00:00:00:01 10.0.0.3/24");
        keep();
        assertThat(get(id).state()).isEqualTo(NetworkState.PROTECTED);
        assertRefused("network-replicating", () -> networks().delete(id));
        networks().stop(id);
        tell("eth0 52:54:00:00:00:01 10.0.0.4/24");
        keep();
        assertThat(get(id).captured().orElseThrow().members().getFirst().address())
                .isEqualTo(Ipv4.parse("10.0.0.3"));
        networks().delete(id);
        assertThat(networks().list()).isEmpty();
        assertRefused("unknown-source-network", () -> networks().start(id));
        assertRefused("unknown-resource", () -> installation.controller().tags().of(id));
    }

    @Test
    void aRecoveryMakesTheNetworkAndLaterOnesUpdateItOrMakeAnother() throws Exception {
        var id = replicated();
        var job = recover(id, false);
        assertThat(installation.controller().jobs().get(job).job().request().kind())
                .isEqualTo("CREATE_NETWORK");
        assertThat(get(id).recovery().orElseThrow().result())
                .isEqualTo(SourceNetwork.Result.SUCCEEDED);
        assertThat(get(id).stack()).contains("holdfast-" + id);
        var spec = installation.networkHost.networks.values().iterator().next();
        assertThat(spec.address()).isEqualTo(Ipv4.parse("10.0.0.254"));
        assertThat(spec.reserved()).isEqualTo(Map.of(CARD, Ipv4.parse("10.0.0.2")));

        tell("eth0 52:54:00:00:00:01 10.0.0.9/24 gateway=10.0.0.1");
        keep();
        var update = recover(id, false);
        assertThat(installation.controller().jobs().get(update).job().request().kind())
                .isEqualTo("UPDATE_NETWORK");
        assertThat(installation.networkHost.networks).containsOnlyKeys(spec.id());
        assertThat(installation.networkHost.networks.get(spec.id()).address())
                .isEqualTo(Ipv4.parse("10.0.0.1"));

        recover(id, true, "second");
        assertThat(get(id).stack()).contains("second");
        keep();
        assertThat(installation.networkHost.networks).hasSize(1).doesNotContainKey(spec.id());
        assertRefused("stack-exists", () -> recover(id, true, "second"));
        recover(id, true);
        assertThat(get(id).stack()).contains("holdfast-" + id + "-2");

        recoveries().associate(id, "holdfast-" + id);
        assertRefused("network-busy", () -> recoveries().associate(id, "second"));
        assertRefused("network-busy", () -> networks().delete(id));
        installation.work();
        assertThat(get(id).recovery().orElseThrow().result())
                .isEqualTo(SourceNetwork.Result.ASSOCIATED);
        keep();
        assertThat(installation.networkHost.networks).containsOnlyKeys(spec.id());
        assertRefused("unknown-stack", () -> recoveries().associate(id, "third"));

        networks().stop(id);
        networks().delete(id);
        keep();
        assertThat(installation.networkHost.networks).isEmpty();
        assertThat(installation.controller().networkStacks().list()).isEmpty();
    }

    @Test
    void whatTheHostRefusesIsToldAndLeavesTheEarlierNetwork() throws Exception {
        var id = replicated();
        installation.networkHost.refusing = true;
        var job = recover(id, false);
        assertThat(installation.controller().jobs().get(job).job().reason())
                .contains(id, "does not run as root");
        assertThat(get(id).recovery().orElseThrow().result())
                .isEqualTo(SourceNetwork.Result.FAILED);
        assertThat(get(id).stack()).isEmpty();
        assertThat(installation.controller().networkStacks().list()).isEmpty();

        installation.networkHost.refusing = false;
        recover(id, false);
        installation.networkHost.refusing = true;
        recover(id, true, "another");
        assertThat(get(id).stack()).contains("holdfast-" + id);
        installation.controller().networkStacks().importTemplate("site-b", template(id));
        recoveries().associate(id, "site-b");
        installation.work();
        assertThat(get(id).recovery().orElseThrow().result())
                .isEqualTo(SourceNetwork.Result.NOT_ASSOCIATED);
        assertThat(get(id).stack()).contains("holdfast-" + id);
    }

    private String template(String id) throws IOException {
        return networks().template(networks().export(id));
    }

    @Test
    void anExportIsImportedAndAssociated() throws Exception {
        var id = replicated();
        var secret = networks().export(id);
        var stacks = installation.controller().networkStacks();
        var imported = stacks.importTemplate("site-b", networks().template(secret));
        var captured = get(id).captured().orElseThrow();
        assertThat(imported.description()).isEqualTo(captured.with(List.of()));
        assertRefused("stack-exists", () -> stacks.importTemplate("site-b", template(id)));
        assertRefused("malformed-stack-name", () -> stacks.importTemplate("1", "{}"));
        assertRefused("unknown-template", () -> networks().template(secret));
        var newest = networks().export(id);
        installation.time.advance(SourceNetworks.EXPORT_KEPT.plus(Duration.ofSeconds(1)));
        assertRefused("unknown-template", () -> networks().template(newest));

        recoveries().associate(id, "site-b");
        installation.work();
        assertThat(get(id).stack()).contains("site-b");
        // the cards are those of the source network
        assertThat(installation.networkHost.networks.get(imported.network()).reserved())
                .containsEntry(CARD, Ipv4.parse("10.0.0.2"));
        assertRefused("stack-in-use", () -> stacks.delete("site-b"));
        assertRefused("stack-of-another", () -> recover(id, false));
        networks().stop(id);
        networks().delete(id);
        stacks.delete("site-b");
        assertRefused("unknown-stack", () -> stacks.delete("site-b"));
        keep();
        assertThat(installation.networkHost.networks).isEmpty();
    }

    private RecoveryInstance launch(boolean drill) throws IOException {
        installation.time.advance(Duration.ofSeconds(1));
        var job =
                installation
                        .controller()
                        .recover(List.of(server), drill, new PointChoice.Newest())
                        .job()
                        .id();
        installation.work();
        var view = installation.controller().jobs().get(job);
        assertThat(view.job().state()).as("%s", view).isEqualTo(new JobState.Completed());
        return installation.controller().instances().get(view.instances().getFirst());
    }

    private MachineSpec.Card card(RecoveryInstance instance) {
        return installation.host.machines.get(instance.id()).cards().getFirst();
    }

    @Test
    void instancesAreInTheirNetworkAndDrillsInOneOfTheirOwn() throws Exception {
        assertThat(installation.host.machines.get(launch(false).id()).cards()).isEmpty();
        var id = replicated();
        recover(id, false);
        var recovered = installation.controller().networkStacks().list().getFirst().network();

        var drill = launch(true);
        assertThat(card(drill).network()).isEqualTo(recovered + "-drill");
        assertThat(card(drill).hardwareAddress()).startsWith("02:");
        installation
                .controller()
                .launchSettings()
                .change(server, _ -> new LaunchSettings(true, false, false, false, true, ""));
        var first = launch(false);
        assertThat(card(first)).isEqualTo(new MachineSpec.Card(recovered, CARD));
        var second = launch(false);
        assertThat(card(second).network()).isEqualTo(recovered);
        assertThat(card(second).hardwareAddress()).as("the first one has it").startsWith("02:");
        assertThat(card(launch(true))).isEqualTo(new MachineSpec.Card(recovered + "-drill", CARD));
        networks().stop(id);
        assertRefused("network-in-use", () -> networks().delete(id));

        keep();
        assertThat(installation.networkHost.networks)
                .containsOnlyKeys(recovered, recovered + "-drill");
        for (var instance : installation.controller().instances().list()) {
            installation.controller().instances().terminate(instance.id());
        }
        installation.work();
        keep();
        assertThat(installation.networkHost.networks)
                .as("the last drill ended")
                .containsOnlyKeys(recovered);
        installation.controller().housekeeping().schedule();
        networks().delete(id);
        keep();
        assertThat(installation.networkHost.networks).isEmpty();
    }

    @Test
    void aMachineThatIsStartedAgainKeepsTheCardsThatItHad() throws Exception {
        var without = launch(false);
        recover(replicated(), false);
        var with = launch(false);
        var card = card(with);

        startAgain(without);
        assertThat(installation.host.machines.get(without.id()).cards()).isEmpty();
        startAgain(with);
        assertThat(card(with)).isEqualTo(card);
    }

    private void startAgain(RecoveryInstance instance) throws Exception {
        installation.host.terminate(instance.id());
        installation
                .database()
                .<@Nullable Void>transact(tx -> {
                    var stopped = InstanceState.Event.STOPPED_FOR_FAILBACK;
                    Instances.change(tx, Instances.require(tx, instance.id()), stopped, "stopped");
                    return null;
                });
        var job = installation.controller().instances().start(instance.id()).job().id();
        installation.work();
        assertThat(installation.controller().jobs().get(job).job().state())
                .isEqualTo(new JobState.Completed());
    }

    @Test
    void aNetworkThatIsGoneIsMadeAgainNowAndThen() throws Exception {
        var id = replicated();
        recover(id, false);
        installation.networkHost.networks.clear(); // the host was restarted
        installation.networkHost.refusing = true;
        assertRefused("network-not-permitted", this::keep);
        installation.networkHost.refusing = false;
        keep();
        assertThat(installation.networkHost.networks).isEmpty();
        installation.time.advance(Duration.ofMinutes(1));
        keep();
        assertThat(installation.networkHost.networks).hasSize(1);
    }

    @Test
    void theGatewayThatIsRecoveredKeepsItsAddress() throws Exception {
        tell("eth0 52:54:00:00:00:01 10.0.0.254/24 gateway=10.0.0.254");
        recover(replicated(), false);
        var spec = installation.networkHost.networks.values().iterator().next();
        assertThat(spec.address()).isEqualTo(Ipv4.parse("10.0.0.253"));
        assertThat(spec.router()).isEqualTo(Ipv4.parse("10.0.0.254"));
    }

    @Test
    void recoveriesNameEachNetworkAndStackOnce() throws Exception {
        var id = replicated();
        var target = new NetworkRecoveries.Target(id, Optional.empty());
        assertRefused(
                "malformed-request",
                () -> recoveries().recover(List.of(target, target), false, Map.of()));
        assertRefused("malformed-request", () -> recoveries().recover(List.of(), false, Map.of()));
    }
}
