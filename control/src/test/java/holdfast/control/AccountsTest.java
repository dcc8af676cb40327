package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Accounts see nothing of each other; a server that one lets another extend is recovered there,
/// and nothing else.
class AccountsTest {
    private static final PointChoice NEWEST = new PointChoice.Newest();

    @TempDir Path directory;
    private Installation installation;
    private Controller controller;
    private String home = "";
    private String branch = "";

    /// A server of the home account, with points.
    private String server = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        controller = installation.controller();
        home = controller.accounts().get().id();
        branch = controller.accounts().create("branch").id();
        server = installation.server();
        for (var i = 1; i <= 3; i++) {
            installation.store.addPoint(server, 16 * i, FakeTime.START.plusSeconds(i), 0);
        }
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    private <R> R inBranch(ScopedValue.CallableOp<R, IOException> work) throws IOException {
        return controller.accounts().as(branch, work);
    }

    private <R> R atHome(ScopedValue.CallableOp<R, IOException> work) throws IOException {
        return controller.accounts().as(home, work);
    }

    private static void assertRefused(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private String extend() throws IOException {
        controller.accounts().share(home, branch);
        return inBranch(() -> controller.extensions().create(home, server, Map.of("site", "b")));
    }

    private ServerView extended(String id) throws IOException {
        return inBranch(() -> controller.servers().get(id));
    }

    private RecoveryInstance recoverInBranch(String id) throws IOException {
        var job = inBranch(() -> controller.recover(List.of(id), true, NEWEST)).job().id();
        installation.work();
        var done = inBranch(() -> controller.jobs().get(job));
        assertThat(done.job().state()).isEqualTo(new JobState.Completed());
        return inBranch(() -> controller.instances().get(done.instances().getFirst()));
    }

    @Test
    void anAccountSeesNothingOfAnother() throws IOException {
        var job = controller.recover(List.of(server), true, NEWEST).job().id();
        installation.work();
        var instance = controller.jobs().get(job).instances().getFirst();
        var plan = controller.plans().create("plan", "", Optional.empty(), Map.of()).plan().id();
        controller
                .plans()
                .addStep(
                        plan,
                        "wait",
                        new StepWork.Wait(Duration.ofMinutes(1)),
                        OptionalInt.empty(),
                        Optional.empty());
        var execution =
                controller.executions().start(plan, true, Map.of(), Optional.empty(), Map.of());
        var template = controller.launchSettings().createTemplate(s -> s, Map.of("a", "b")).id();

        assertThat(atHome(() -> controller.servers().list())).hasSize(1);
        assertThat(atHome(() -> controller.executions().list())).hasSize(1);
        inBranch(() -> {
            assertThat(controller.servers().list()).isEmpty();
            assertThat(controller.jobs().list(100)).isEmpty();
            assertThat(controller.jobs().lastRecoveries(List.of(server))).isEmpty();
            assertThat(controller.instances().list()).isEmpty();
            assertThat(controller.plans().list()).isEmpty();
            assertThat(controller.executions().list()).isEmpty();
            assertThat(controller.launchSettings().templates()).isEmpty();
            assertThat(controller.servers().list("", 10)).isEmpty();
            assertThat(controller.servers().list(List.of(server))).isEmpty();
            assertThat(controller.sourceNetworks().list()).isEmpty();
            assertRefused(
                    "malformed-account",
                    () -> controller.sourceNetworks().create("vpc-1", "r", Map.of()));
            assertRefused("unknown-server", () -> controller.servers().get(server));
            assertRefused("unknown-server", () -> controller.orders().disconnect(server));
            assertRefused("unknown-server", () -> controller.points(server, T0, T9, 9));
            assertRefused(
                    "unknown-server", () -> controller.recover(List.of(server), true, NEWEST));
            assertRefused("unknown-server", () -> controller.launchSettings().of(server));
            assertRefused("unknown-server", () -> controller.verify(server, NEWEST));
            assertRefused("unknown-job", () -> controller.jobs().get(job));
            assertRefused("unknown-job", () -> controller.jobs().delete(job));
            assertRefused("unknown-instance", () -> controller.instances().terminate(instance));
            assertRefused("unknown-instance", () -> controller.failbacks().get(instance));
            assertRefused("unknown-instance", () -> controller.failbacks().stop(instance));
            assertRefused("unknown-plan", () -> controller.plans().get(plan));
            assertRefused(
                    "unknown-execution", () -> controller.executions().cancel(execution.id()));
            assertRefused(
                    "unknown-template", () -> controller.launchSettings().deleteTemplate(template));
            assertRefused("unknown-resource", () -> controller.launchActions().of(server));
            for (var resource : List.of(server, job, instance, plan, execution.id(), template)) {
                assertRefused("unknown-resource", () -> controller.tags().of(resource));
            }
            return null;
        });
    }

    private static final Instant T0 = FakeTime.START;
    private static final Instant T9 = FakeTime.START.plusSeconds(9);

    @Test
    void whatAnAccountMakesIsItsOwnAndNamesAndQuotasAreCountedApart() throws IOException {
        controller.plans().create("plan", "", Optional.empty(), Map.of());
        var mine =
                inBranch(() -> {
                    controller.accounts().initialize();
                    controller.plans().create("plan", "", Optional.empty(), Map.of());
                    controller
                            .launchSettings()
                            .createTemplate(
                                    _ -> new LaunchSettings(false, false, false, false, false, ""),
                                    Map.of());
                    return controller.enrolments().enrol("web9", id -> id).server().id();
                });
        assertThat(controller.accounts().get().initializedAt()).isEmpty();
        var settings = controller.launchSettings();
        assertThat(inBranch(() -> settings.of(mine)).start()).isFalse();
        var atHome = controller.enrolments().enrol("web2", id -> id).server().id();
        assertThat(settings.of(atHome).start()).as("of another account's template").isTrue();
        assertRefused("unknown-server", () -> atHome(() -> controller.servers().get(mine)));
        assertThat(atHome(() -> controller.servers().list())).hasSize(2);
        assertThat(controller.servers().list()).as("to the whole installation").hasSize(3);
        assertRefused("account-in-use", () -> controller.accounts().delete(branch));
        installation.restart();
        controller = installation.controller();
        assertThat(inBranch(() -> controller.servers().list())).hasSize(1);
    }

    @Test
    void whatIsEndedAndForgottenLeavesTheAccountFreeToGo() throws IOException {
        inBranch(() -> {
            var id = controller.enrolments().enrol("web9", name -> name).server().id();
            controller.orders().remove(id);
            var plan = controller.plans().create("p", "", Optional.empty(), Map.of()).plan().id();
            controller.plans().delete(plan);
            var settings = controller.launchSettings();
            settings.deleteTemplate(settings.createTemplate(s -> s, Map.of()).id());
            controller.users().create("eve", "admin");
            return null;
        });
        assertRefused("account-in-use", () -> controller.accounts().delete(branch));
        controller.users().delete("eve");
        installation.time.advance(Duration.ofDays(31));
        controller.housekeeping().schedule();
        controller.accounts().delete(branch);
        assertThat(controller.accounts().list()).hasSize(1);
        assertRefused("account-home", () -> controller.accounts().delete(home));
    }

    @Test
    void aServerIsExtendedOnlyWhereItsAccountAllows() throws IOException {
        var extensions = controller.extensions();
        assertRefused("account-not-shared", () -> inBranch(() -> extensions.extensible(home)));
        assertRefused(
                "account-not-shared",
                () -> inBranch(() -> extensions.create(home, server, Map.of())));
        assertRefused(
                "account-not-shared", () -> inBranch(() -> extensions.extensible("000000000000")));
        controller.accounts().share(home, branch);
        assertThat(inBranch(() -> extensions.extensible(home)))
                .extracting(one -> one.server().id())
                .containsExactly(server);
        assertRefused("account-not-shared", () -> atHome(() -> extensions.extensible(branch)));
        assertRefused(
                "unknown-server",
                () -> inBranch(() -> extensions.create(home, "s-nobody", Map.of())));
        var id = extend();
        assertThat(inBranch(() -> extensions.extensible(home))).isEmpty();
        assertThat(inBranch(extensions::stagingAccounts)).containsExactly(home);
        assertRefused(
                "malformed-extension",
                () -> inBranch(() -> extensions.create(home, server, Map.of())));
        var third = controller.accounts().create("third").id();
        controller.accounts().share(branch, third);
        assertRefused(
                "malformed-extension",
                () ->
                        controller
                                .accounts()
                                .as(third, () -> extensions.create(branch, id, Map.of())));
    }

    @Test
    void anExtendedServerIsRecoveredFromItsOriginsPointsWithSettingsOfItsOwn() throws IOException {
        var id = extend();
        var view = extended(id);
        assertThat(view.server().state())
                .isEqualTo(controller.servers().get(server).server().state());
        assertThat(view.newestPoint()).isEqualTo(controller.servers().get(server).newestPoint());
        assertThat(view.extension().orElseThrow().fault()).isEmpty();
        assertThat(inBranch(() -> controller.points(id, T0, T9, 9))).hasSize(3);
        assertThat(inBranch(() -> controller.servers().list())).hasSize(1);
        assertThat(atHome(() -> controller.servers().list())).hasSize(1);
        assertThat(inBranch(() -> controller.tags().of(id))).isEqualTo(Map.of("site", "b"));
        assertThat(atHome(() -> controller.tags().of(server))).isEmpty();

        var instance = recoverInBranch(id);
        assertThat(instance.server()).isEqualTo(id);
        assertThat(instance.state()).isEqualTo(InstanceState.RUNNING);
        assertThat(RecoverWork.branches(installation.store, instance.id())).hasSize(2);
        assertThat(atHome(() -> controller.instances().list())).isEmpty();
        assertThat(atHome(() -> controller.jobs().list(9))).isEmpty();
        assertRefused("server-extended", () -> inBranch(() -> controller.orders().stop(id)));
        assertRefused(
                "server-extended", () -> inBranch(() -> controller.orders().configure(id, s -> s)));
        installation.restart();
        controller = installation.controller();
        assertThat(inBranch(() -> controller.instances().list())).hasSize(1);
    }

    @Test
    void anOriginStaysWhileTheOtherAccountUsesItAndThenTheExtensionSaysSo() throws IOException {
        var id = extend();
        var instance = recoverInBranch(id);
        assertThatThrownBy(() -> atHome(() -> controller.orders().disconnect(server)))
                .hasMessageContaining("account " + branch)
                .hasMessageNotContaining(instance.id());
        inBranch(() -> controller.instances().terminate(instance.id()));
        installation.work();
        atHome(() -> controller.orders().disconnect(server));
        var view = extended(id);
        assertThat(view.server().state()).isEqualTo(new ReplicationState.Disconnected());
        assertThat(view.extension().orElseThrow().fault().orElseThrow())
                .contains("was disconnected there");
        assertThat(view.newestPoint()).isEmpty();
        assertRefused(
                "extension-error",
                () -> inBranch(() -> controller.recover(List.of(id), true, NEWEST)));
        inBranch(() -> {
            controller.orders().delete(id);
            return null;
        });
        assertThat(inBranch(() -> controller.servers().list())).isEmpty();
    }

    @Test
    void whatIsNotSharedAnyMoreIsNotRecovered() throws IOException {
        var id = extend();
        var instance = recoverInBranch(id);
        controller.accounts().unshare(home, branch);
        assertThat(extended(id).extension().orElseThrow().fault().orElseThrow())
                .contains("any more");
        assertRefused(
                "extension-error",
                () -> inBranch(() -> controller.recover(List.of(id), true, NEWEST)));
        assertRefused("extension-error", () -> controller.verify(id, NEWEST));
        assertThat(inBranch(() -> controller.points(id, T0, T9, 9))).isEmpty();
        assertThat(inBranch(() -> controller.instances().get(instance.id())).state())
                .isEqualTo(InstanceState.RUNNING);
        controller.accounts().share(home, branch);
        assertThat(inBranch(() -> controller.points(id, T0, T9, 9))).hasSize(3);
    }

    @Test
    void aDisconnectedExtensionLeavesItsOriginAlone() throws IOException {
        var id = extend();
        inBranch(() -> controller.orders().disconnect(id));
        assertThat(extended(id).extension()).isEmpty();
        assertThat(extended(id).server().state()).isEqualTo(new ReplicationState.Disconnected());
        controller.orders().deleteReplicas();
        assertThat(controller.servers().get(server).newestPoint()).isPresent();
        assertThat(inBranch(() -> controller.extensions().extensible(home))).hasSize(1);
    }

    @Test
    void usersActInTheirAccountAndThoseOfTheHomeAccountMayAssumeRolesInOthers() throws IOException {
        var sessions = controller.sessions();
        inBranch(() -> controller.users().create("eve", "admin"));
        controller.users().create("alice", "admin");
        controller.users().create("ops", "operator");
        var eve = signer("eve");
        assertThat(eve.account()).isEqualTo(branch);
        assertThat(signer("alice").account()).isEqualTo(home);
        var hour = Duration.ofHours(1);
        assertRefused("role-denied", () -> sessions.assume(eve, home, "read-only", "x", hour));
        assertRefused(
                "role-denied",
                () -> sessions.assume(signer("ops"), branch, "read-only", "x", hour));
        assertRefused(
                "role-denied",
                () -> sessions.assume(signer("alice"), "000000000000", "read-only", "x", hour));
        var there = sessions.assume(signer("alice"), branch, "read-only", "x", hour);
        var signer = sessions.signer(there.accessKey(), Optional.of(there.token())).orElseThrow();
        assertThat(signer.account()).isEqualTo(branch);
        assertThat(signer.role()).isEqualTo(Role.READ_ONLY);
        assertThat(signer.session().orElseThrow().assumed()).contains("read-only");
        var own = sessions.assume(eve, branch, "read-only", "x", hour);
        assertThat(
                        sessions.signer(own.accessKey(), Optional.of(own.token()))
                                .orElseThrow()
                                .account())
                .isEqualTo(branch);
        controller.users().delete("eve");
        assertThat(sessions.signer(own.accessKey(), Optional.of(own.token()))).isEmpty();
    }

    private Signer signer(String user) throws IOException {
        var key = controller.accessKeys().create(user).key().id();
        return controller.sessions().signer(key, Optional.empty()).orElseThrow();
    }
}
