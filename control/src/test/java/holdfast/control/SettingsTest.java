package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.SessionControl;
import holdfast.volume.SnapshotPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    private static final SnapshotPolicy DAILY =
            new SnapshotPolicy(
                    List.of(new SnapshotPolicy.Rule(Duration.ofDays(1), Duration.ofDays(30))));

    @TempDir Path directory;
    private Installation installation;

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        installation.script("check", "true");
    }

    @AfterEach
    void close() throws IOException {
        installation.database().verify();
        installation.close();
    }

    @Test
    void aChangeActsOnTheSessionAndTheStoreAndOutlivesARestart() throws IOException {
        var id = installation.server();
        var limits = new ArrayList<Long>();
        installation.controller().servers().began(id, limits(limits));
        assertThat(limits).as("nothing was set").containsExactly(0L);
        installation
                .controller()
                .orders()
                .configure(id, before -> new ReplicationSettings(1000, DAILY, "{}"));
        assertThat(limits).containsExactly(0L, 1000L);
        assertThat(installation.store.policies).containsEntry(id, DAILY);
        installation.restart();
        installation.store.policies.clear(); // as when the volumes are made anew
        installation.controller().servers().begin(id, Installation.MACHINE, Installation.DISKS);
        installation.controller().servers().began(id, limits(limits));
        assertThat(limits).containsExactly(0L, 1000L, 1000L);
        assertThat(installation.store.policies).containsEntry(id, DAILY);
    }

    @Test
    void newServersBeginWithTheTemplateAndKeepWhatTheyHave() throws IOException {
        var controller = installation.controller();
        var old = installation.server();
        var template =
                controller
                        .replicationSettings()
                        .createTemplate(
                                before -> new ReplicationSettings(7, DAILY, "a"), Map.of("t", "1"));
        assertThat(template.id()).matches("rct-[0-9a-f]{17}");
        assertThat(controller.tags().of(template.id())).isEqualTo(Map.of("t", "1"));
        assertCode(
                "too-many-templates",
                () -> controller.replicationSettings().createTemplate(s -> s, Map.of()));
        var launch =
                controller
                        .launchSettings()
                        .createTemplate(
                                _ -> new LaunchSettings(true, true, true, true, false, "b"),
                                Map.of());
        controller.launchActions().put(action(launch.id(), "one", 2));

        controller.enrolments().admit("token2");
        var id = controller.enrolments().enrol("token2", "web2", c -> c).server().id();
        assertThat(controller.replicationSettings().of(id))
                .isEqualTo(new ReplicationSettings(7, DAILY, "a"));
        assertThat(controller.launchSettings().of(id).exactSize()).isTrue();
        assertThat(controller.launchActions().of(id)).containsExactly(action(id, "one", 2));
        assertThat(controller.replicationSettings().of(old).limitBytesPerSecond()).isZero();

        controller
                .replicationSettings()
                .changeTemplate(
                        template.id(),
                        before ->
                                new ReplicationSettings(
                                        8,
                                        before.policy(),
                                        before.encryptionKey(),
                                        before.staging(),
                                        before.document()));
        assertThat(controller.replicationSettings().of(id).limitBytesPerSecond()).isEqualTo(7);
        controller.replicationSettings().deleteTemplate(template.id());
        controller.launchSettings().deleteTemplate(launch.id());
        assertCode(
                "unknown-template",
                () -> controller.replicationSettings().deleteTemplate(template.id()));
        assertCode("unknown-template", () -> controller.replicationSettings().template(id));
        assertCode("unknown-resource", () -> controller.launchActions().of(launch.id()));
        assertThat(controller.tags().all()).isEmpty();
        assertThat(controller.launchActions().of(id)).hasSize(1);
    }

    @Test
    void actionsAreKeptInOrderAndGoWithTheirServer() throws IOException {
        var id = installation.server();
        var actions = installation.controller().launchActions();
        actions.put(action(id, "late", 9));
        actions.put(action(id, "early", 2));
        assertCode("order-taken", () -> actions.put(action(id, "other", 9)));
        actions.put(action(id, "late", 3));
        assertThat(actions.of(id)).containsExactly(action(id, "early", 2), action(id, "late", 3));
        assertCode(
                "unknown-script",
                () ->
                        actions.put(
                                new LaunchAction(
                                        id, "x", 5, "../check", true, true, Map.of(), "")));
        assertCode("unknown-action", () -> actions.delete(id, "other"));
        actions.delete(id, "early");
        assertThat(actions.of(id)).containsExactly(action(id, "late", 3));
        installation.controller().orders().remove(id);
        assertCode("unknown-resource", () -> actions.of(id));
        assertCode("unknown-server", () -> installation.controller().launchSettings().of(id));
    }

    private static LaunchAction action(String resource, String id, int order) {
        return new LaunchAction(
                resource, id, order, "check", false, true, Map.of("PORT", "80"), "{}");
    }

    private static SessionControl limits(List<Long> told) {
        return new SessionControl() {
            @Override
            public void end(RefusalException why) {
                throw new AssertionError(why);
            }

            @Override
            public void limit(long bytesPerSecond) {
                told.add(bytesPerSecond);
            }

            @Override
            public boolean finish() {
                throw new AssertionError("servers make no last round");
            }
        };
    }

    private static void assertCode(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
