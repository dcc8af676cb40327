package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The account and tags, recoveries of servers that are busy, and what of requests the first
/// version of the schema wrote.
class AccessTest {
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
    void theAccountStaysTheSameAndRemembersThatItWasInitialized() throws IOException {
        var fresh = installation.controller().accounts().get();
        assertThat(fresh.id()).matches("[1-9][0-9]{11}");
        assertThat(fresh.initializedAt()).isEmpty();
        installation.controller().accounts().initialize();
        var initialized = installation.controller().accounts().get();
        installation.restart();
        installation.controller().accounts().initialize();
        assertThat(installation.controller().accounts().get()).isEqualTo(initialized);
        assertThat(initialized.id()).isEqualTo(fresh.id());
        assertThat(initialized.initializedAt()).isPresent();
    }

    @Test
    void tagsBelongToWhatThereIsAndGoWithIt() throws IOException {
        var server = installation.server();
        var tags = installation.controller().tags();
        tags.put(server, Map.of("a", "1", "b", "2"));
        tags.put(server, Map.of("b", "3"));
        tags.remove(server, List.of("a", "absent"));
        assertThat(tags.of(server)).isEqualTo(Map.of("b", "3"));
        var many =
                IntStream.range(0, Tags.COUNT_MAX)
                        .boxed()
                        .collect(Collectors.toMap(i -> "tag" + i, i -> ""));
        assertThatThrownBy(() -> tags.put(server, many)).isInstanceOf(RefusalException.class);
        assertThat(tags.of(server)).as("all or none").isEqualTo(Map.of("b", "3"));
        assertThatThrownBy(() -> tags.put("s-unknown", Map.of()))
                .isInstanceOf(RefusalException.class);
        installation.controller().orders().remove(server);
        assertThat(tags.all()).isEmpty();
    }

    @Test
    void aServerWithAJobIsNotRecoveredBesides() throws IOException {
        var server = installation.server();
        var controller = installation.controller();
        installation.store.addPoint(server, 16, installation.time.now(), 0);
        var targets = List.of(new RecoveryTarget(server, new PointChoice.Newest()));
        controller.recover(targets, true, Map.of("ticket", "42"));
        assertThatThrownBy(() -> controller.recover(targets, true, Map.of()))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("server-has-job"));
        installation.work();
        controller.recover(targets, false, Map.of());
        installation.work();
    }

    @Test
    void theLastRecoveryOfEachServerIsFoundBegunOrNot() throws IOException {
        var first = installation.server();
        var second = installation.controller().enrolments().enrol("web2", _ -> "").server().id();
        installation.store.addPoint(first, 1, FakeTime.START, 0);
        installation.store.addPoint(second, 1, FakeTime.START, 0);
        var controller = installation.controller();
        controller.recover(List.of(first), true, new PointChoice.Newest());
        installation.work();
        installation.time.advance(Duration.ofSeconds(1));
        controller.scrub();
        var later = controller.recover(List.of(first), true, new PointChoice.Newest()).job().id();
        installation.work();
        installation.time.advance(Duration.ofSeconds(1));
        var waits = controller.recover(List.of(second), false, new PointChoice.Newest()).job().id();
        assertThat(controller.jobs().lastRecoveries(List.of(first, second)))
                .extracting(Job::id)
                .containsExactly(waits, later);
        assertThat(controller.instances().ofServers(List.of(first))).hasSize(2);
        assertThat(controller.instances().ofServers(List.of(second))).isEmpty();
    }

    @Test
    void severalInstancesOfAServerEndInOneJobAllOrNone() throws IOException {
        var server = installation.server();
        var controller = installation.controller();
        installation.store.addPoint(server, 16, installation.time.now(), 0);
        for (var i = 0; i < 2; i++) {
            controller.recover(List.of(server), true, new PointChoice.Newest());
            installation.work();
        }
        var ids = controller.instances().list().stream().map(RecoveryInstance::id).toList();
        assertThat(ids).hasSize(2);
        assertThatThrownBy(() ->
                        controller.instances().terminate(List.of(ids.getFirst(), "i-unknown")))
                .isInstanceOf(RefusalException.class);
        assertThat(controller.instances().get(ids.getFirst()).state())
                .isEqualTo(InstanceState.RUNNING);
        var job = controller.instances().terminate(ids).job().id();
        installation.work();
        assertThat(controller.jobs().get(job).job().state()).isEqualTo(new JobState.Completed());
        assertThat(controller.jobs().get(job).phases()).hasSize(4);
        assertThat(controller.instances().list())
                .extracting(RecoveryInstance::state)
                .containsOnly(InstanceState.TERMINATED);
    }

    @Test
    void requestsThatTheFirstSchemaWroteAreRead() {
        assertThat(
                        Documents.request(
                                "{\"kind\":\"DRILL\",\"servers\":[\"s-1\",\"s-2\"],\"point\":\"pit-1\"}"))
                .isEqualTo(
                        new JobRequest.Recover(
                                List.of(
                                        new RecoveryTarget("s-1", new PointChoice.ById("pit-1")),
                                        new RecoveryTarget("s-2", new PointChoice.ById("pit-1"))),
                                true,
                                false));
        var end =
                new JobRequest.Terminate(
                        List.of(
                                new JobRequest.Ending("i-1", "s-1"),
                                new JobRequest.Ending("i-2", "s-1")));
        assertThat(Documents.request(Documents.ofRequest(end))).isEqualTo(end);
        assertThat(
                        Documents.request(
                                "{\"kind\":\"TERMINATE\",\"instance\":\"i-1\",\"server\":\"s-1\"}"))
                .isEqualTo(new JobRequest.Terminate(end.endings().subList(0, 1)));
    }
}
