package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `holdfast plans` against a server that answers as `docs/api.md` says.
class PlansTest {
    private static final String PLAN =
            """
            {"id": "plan-1", "name": "dc-2", "description": "", "missingServers": [],
             "steps": [
               {"id": "st-1", "name": "databases", "servers": [
                 {"server": "s-00000000000000002", "critical": true},
                 {"server": "s-00000000000000001", "critical": false}]},
               {"id": "st-2", "name": "wait", "waitMinutes": 5}]}
            """;

    private static final String SHOWN =
            """
            plan-1  dc-2  ready
            #  ID    NAME       DOES
            1  st-1  databases  recovers s-00000000000000002, s-00000000000000001 (optional)
            2  st-2  wait       waits 5 min
            """;

    @TempDir Path folder;

    private FakeApi api;
    private CommandLineFixture holdfast;

    @BeforeEach
    void start() throws Exception {
        api = new FakeApi(Files.createDirectory(folder.resolve("data")));
        holdfast = new CommandLineFixture(folder).asking(api);
        api.on("GET /servers", 200, ApiFixtures.SERVERS)
                .on("GET /plans", 200, "{\"plans\": [" + PLAN + "]}")
                .on("GET /plans/plan-1", 200, PLAN);
    }

    @AfterEach
    void stop() {
        api.close();
    }

    private static String execution(String state, String first) {
        return """
        {"id": "exec-1", "plan": "plan-1", "drill": true, "state": "STATE",
         "startedAt": "2026-11-21T15:00:00.000Z", "steps": [
           {"id": "step-1", "name": "databases", "state": "FIRST", "attempt": 1, "servers": [
             {"server": "s-00000000000000002", "critical": true}]},
           {"id": "step-2", "name": "wait", "state": "NOT_STARTED", "attempt": 1, "waitMinutes": 5}]}
        """
                .replace("STATE", state)
                .replace("FIRST", first);
    }

    @Test
    void plansAreListedAndShownByNameOrId() {
        assertThat(holdfast.line("plans").out())
                .isEqualTo(
                        """
                        ID      NAME  STEPS  STATE
                        plan-1  dc-2      2  ready
                        """);
        assertThat(holdfast.line("plans show dc-2").out()).isEqualTo(SHOWN);
        assertThat(holdfast.line("plans show plan-1").out()).isEqualTo(SHOWN);
        var unknown = holdfast.line("plans show dc-3");
        assertThat(unknown.err())
                .isEqualTo("holdfast: no recovery plan dc-3: holdfast plans lists them\n");
        assertThat(unknown.status()).isEqualTo(ExitStatus.REFUSED);
    }

    @Test
    void stepsAreAddedMovedAndTakenOut() {
        api.on("POST /plans", 201, PLAN)
                .on("POST /plans/plan-1/steps", 201, "{}")
                .on("DELETE /plans/plan-1/steps/st-2", 204, "")
                .on("PUT /plans/plan-1/order", 200, PLAN)
                .on("DELETE /plans/plan-1", 204, "");
        holdfast.line("plans create dc-2");
        assertThat(
                        holdfast.line(
                                        "plans add-servers dc-2 --name databases --server db-1 --optional web-1 --position 1")
                                .out())
                .isEqualTo(SHOWN);
        holdfast.line("plans add-wait dc-2 --minutes 5");
        holdfast.line("plans move-step dc-2 --step st-2 --position 1");
        holdfast.line("plans remove-step dc-2 --step st-2");
        assertThat(holdfast.line("plans delete dc-2").out()).isEqualTo("dc-2 deleted\n");
        assertThat(api.requests())
                .contains(
                        "POST /plans {\"name\":\"dc-2\",\"description\":\"\"}",
                        "POST /plans/plan-1/steps {\"name\":\"databases\",\"servers\":[{\"server\":\"s-00000000000000002\",\"critical\":true},{\"server\":\"s-00000000000000001\",\"critical\":false}],\"position\":1}",
                        "POST /plans/plan-1/steps {\"name\":\"wait\",\"waitMinutes\":5}",
                        "PUT /plans/plan-1/order {\"steps\":[\"st-2\",\"st-1\"]}",
                        "DELETE /plans/plan-1/steps/st-2");
        for (var wrong :
                new String[] {
                    "plans add-servers dc-2 --name x",
                    "plans add-wait dc-2",
                    "plans move-step dc-2 --step st-2 --position 3",
                    "plans remove-step dc-2"
                }) {
            assertThat(holdfast.line(wrong).status()).as(wrong).isEqualTo(ExitStatus.USAGE);
        }
    }

    @Test
    void aRunIsFollowedToItsEndWhichIsTheExitStatus() {
        api.on("POST /plans/plan-1/executions", 202, execution("CREATED", "NOT_STARTED"))
                .on("GET /executions/exec-1", 200, execution("IN_PROGRESS", "EXECUTING"))
                .on("GET /executions/exec-1", 200, execution("COMPLETED", "COMPLETED"));
        var ran = holdfast.line("plans run dc-2 --drill --pin db-1=pit-1");
        assertThat(ran.out())
                .isEqualTo(
                        """
                        exec-1  drill  COMPLETED
                        #  ID      NAME       STATE        ATTEMPT  DOES
                        1  step-1  databases  COMPLETED          1  recovers s-00000000000000002
                        2  step-2  wait       NOT_STARTED        1  waits 5 min
                        """);
        assertThat(ran.err()).isEqualTo("databases: EXECUTING\n");
        assertThat(ran.status()).isEqualTo(ExitStatus.OK);
        assertThat(api.requests())
                .contains(
                        "POST /plans/plan-1/executions {\"drill\":true,\"points\":{\"s-00000000000000002\":\"pit-1\"}}");
        api.instead("GET /executions/exec-1", 200, execution("FAILED", "FAILED"));
        assertThat(holdfast.line("plans run dc-2").status()).isEqualTo(ExitStatus.FAILURE);
        assertThat(holdfast.line("plans run dc-2 --no-wait").status()).isEqualTo(ExitStatus.OK);
    }

    @Test
    void aFailedStepIsRetriedOrSkippedAndARunCancelledAndForgotten() {
        api.on("GET /executions/exec-1", 200, execution("FAILED", "FAILED"))
                .on(
                        "GET /executions",
                        200,
                        "{\"executions\": [" + execution("FAILED", "FAILED") + "]}")
                .on(
                        "POST /executions/exec-1/steps/step-1/retry",
                        202,
                        execution("IN_PROGRESS", "EXECUTING"))
                .on("POST /executions/exec-1/steps/step-2/skip", 200, execution("FAILED", "FAILED"))
                .on("POST /executions/exec-1/cancel", 202, execution("CANCELLING", "EXECUTING"))
                .on("DELETE /executions/exec-1", 204, "");
        assertThat(holdfast.line("plans executions").out())
                .isEqualTo(
                        """
                        ID      PLAN  KIND   STATE   STARTED                  ENDED
                        exec-1  dc-2  drill  FAILED  2026-11-21 16:00:00.000  -
                        """);
        assertThat(holdfast.line("plans retry exec-1").out())
                .startsWith("exec-1  drill  IN_PROGRESS");
        assertThat(holdfast.line("plans skip exec-1 --step step-2").status())
                .isEqualTo(ExitStatus.OK);
        assertThat(holdfast.line("plans cancel exec-1").out())
                .startsWith("exec-1  drill  CANCELLING");
        assertThat(holdfast.line("plans execution exec-1").out())
                .startsWith("exec-1  drill  FAILED");
        assertThat(holdfast.line("plans forget exec-1").out()).isEqualTo("exec-1 forgotten\n");
    }
}
