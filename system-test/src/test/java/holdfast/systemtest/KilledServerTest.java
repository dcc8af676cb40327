package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// `kill -9` of the server at each step of a recovery and of a recovery plan. Whenever it dies, the
/// next one ends what was begun: COMPLETED, with machines that show what was on the disks when it
/// began, each known and none running twice.
class KilledServerTest {
    private int round;

    /// At two of the steps below, where a crash has much to lose.
    @Test
    void aServerKilledWhileQemuStartsOrAPlanGoesOnEndsWhatItBegan() throws Exception {
        try (var server = KilledServer.open()) {
            var names = Map.of(server.machines.protect("one"), "one");
            server.arm("after the start of QEMU");
            assertThat(recover(server, names)).isTrue();
            var plan = plan(server, names, 0);
            server.arm("after PlanExecutions.advance[executions, jobs]");
            assertThat(execute(server, plan, names)).isTrue();
        }
    }

    @Test
    @Tag("long")
    void aServerKilledAtAnyStepOfARecoveryEndsIt() throws Exception {
        try (var server = KilledServer.open()) {
            var names = Map.of(server.machines.protect("one"), "one");
            recover(server, names); // so that each has an earlier instance to end
            killAtEach("recovery", server, 1, () -> recover(server, names));
            assertThat(server.steps()).hasSizeGreaterThan(40);
        }
    }

    /// The same instance each time: its machine runs once, on the newest disks.
    @Test
    @Tag("long")
    void aServerKilledAtAnyStepOfALaunchIntoAnInstanceEndsIt() throws Exception {
        try (var server = KilledServer.open()) {
            var id = server.machines.protect("one");
            var names = Map.of(id, "one");
            recover(server, names);
            var instance = server.drs.describeRecoveryInstances(r -> {}).items().getFirst();
            server.drs.tagResource(r ->
                    r.resourceArn(instance.arn())
                            .tags(Map.of("AWSDRS", "AllowLaunchingIntoThisInstance")));
            server.drs.updateLaunchConfiguration(r ->
                    r.sourceServerID(id)
                            .launchIntoInstanceProperties(
                                    p -> p.launchIntoEC2InstanceID(instance.recoveryInstanceID())));
            killAtEach("launch into an instance", server, 1, () -> recover(server, names));
            assertThat(ids(server, "instances")).containsExactly(instance.recoveryInstanceID());
        }
    }

    @Test
    @Tag("long")
    void aServerKilledAtAnyStepOfAPlanEndsIt() throws Exception {
        try (var server = KilledServer.open()) {
            var names = twoServers(server);
            var plan = plan(server, names, 0);
            execute(server, plan, names);
            killAtEach("plan", server, 1, () -> execute(server, plan, names));
            assertThat(server.steps()).hasSizeGreaterThan(80);
        }
    }

    /// Both jobs of one step are under way when it dies. Their steps come in another order each
    /// time, so not each is counted to.
    @Test
    @Tag("long")
    void aServerKilledWhileTwoJobsAreUnderWayEndsBoth() throws Exception {
        try (var server = KilledServer.open()) {
            var names = twoServers(server);
            var plan = planTogether(server, names);
            execute(server, plan, names);
            killAtEach("two jobs", server, 3, () -> execute(server, plan, names));
            assertThat(server.steps()).hasSizeGreaterThan(80);
        }
    }

    /// Kills the server at step after step, until the last one is passed; in a third of the rounds
    /// the one that makes it good, too, somewhere on its way.
    ///
    /// @param each how many steps further each time
    private static void killAtEach(String what, KilledServer server, int each, Round round)
            throws IOException, InterruptedException {
        var killed = true;
        for (var step = Integer.getInteger("holdfast.kill.from", 1); killed; step += each) {
            server.arm(Integer.toString(step));
            if (step / each % 3 == 0) {
                server.armAgain(new SplittableRandom(step).nextInt(1, 20));
            }
            killed = round.run();
            tell(what, step, server.steps());
        }
    }

    /// @return whether the server was killed on the way
    @FunctionalInterface
    private interface Round {
        boolean run() throws IOException, InterruptedException;
    }

    /// A wait takes a minute at least, so only at what the plan itself does.
    @Test
    @Tag("long")
    void aServerKilledAtAnyStepOfAPlanThatWaitsEndsIt() throws Exception {
        try (var server = KilledServer.open()) {
            var names = twoServers(server);
            var plan = plan(server, names, 1);
            server.arm("none");
            execute(server, plan, names);
            var steps = server.steps();
            for (var step = 1; step <= steps.size(); step++) {
                if (steps.get(step - 1).contains("PlanExecutions")) {
                    server.arm(Integer.toString(step));
                    assertThat(execute(server, plan, names)).as("killed at %d", step).isTrue();
                    tell("plan with a wait", step, server.steps());
                }
            }
        }
    }

    private static void tell(String what, int step, List<String> steps) {
        var later = steps.size() - step;
        System.out.println(
                step <= steps.size()
                        ? what
                                + ": killed at step "
                                + step
                                + ", "
                                + steps.get(step - 1)
                                + (later > 0 ? ", and after it at " + steps.getLast() : "")
                        : what + ": not killed, " + steps.size() + " steps: " + steps);
    }

    private static Map<String, String> twoServers(KilledServer server)
            throws IOException, InterruptedException {
        return new HashMap<>(
                Map.of(
                        server.machines.protect("one"),
                        "one",
                        server.machines.protect("two"),
                        "two"));
    }

    /// Recovers as AWS clients do: a new point is taken and an earlier instance ended.
    ///
    /// @param names of the servers' disks by id
    /// @return whether the server was killed on the way
    private boolean recover(KilledServer server, Map<String, String> names)
            throws IOException, InterruptedException {
        write(server, names);
        var known = ids(server, "jobs");
        var targets =
                names.keySet().stream()
                        .map(id ->
                                StartRecoveryRequestSourceServer.builder()
                                        .sourceServerID(id)
                                        .build())
                        .toList();
        KilledServer.Call begin = () -> server.drs.startRecovery(r -> r.sourceServers(targets));
        server.ask(begin);
        var killed = server.awaitAcrossDeath(() -> ended(server, "jobs", known, begin));
        server.disarm();
        var job = only(server, "jobs", known);
        assertCompleted(server, job);
        assertMachines(server, names);
        return killed;
    }

    /// @return whether the server was killed on the way
    private boolean execute(KilledServer server, String plan, Map<String, String> names)
            throws IOException, InterruptedException {
        write(server, names);
        var known = ids(server, "executions");
        var knownJobs = ids(server, "jobs");
        KilledServer.Call begin =
                () ->
                        server.lab
                                .installation
                                .api()
                                .post(
                                        "/plans/" + plan + "/executions",
                                        JsonNodeFactory.instance.objectNode().put("drill", false));
        server.ask(begin);
        var killed = server.awaitAcrossDeath(() -> ended(server, "executions", known, begin));
        server.disarm();
        var execution = only(server, "executions", known);
        assertThat(execution.required("state").asString())
                .as(() -> "execution" + server.overview())
                .isEqualTo("COMPLETED");
        var jobs = all(server, "jobs", one -> !knownJobs.contains(id(one)));
        assertThat(jobs).as(() -> "jobs" + server.overview()).hasSize(names.size());
        for (var job : jobs) {
            assertCompleted(server, job);
        }
        assertMachines(server, names);
        return killed;
    }

    /// Writes what the machines are to say when they have been recovered, and waits until that
    /// could be: the next server may have to do without the agents, which come back in their own
    /// time.
    private void write(KilledServer server, Map<String, String> names)
            throws IOException, InterruptedException {
        round++;
        for (var name : names.values()) {
            BootSector.write(server.machines.disk(name), name + '-' + round);
        }
        var written = server.lab.time.now();
        for (var id : names.keySet()) {
            server.awaitAcrossDeath(() -> {
                var points = server.get("/servers/" + id + "/points?limit=1").required("points");
                return !points.isEmpty()
                        && Instant.parse(points.get(0).required("instant").asString())
                                .isAfter(written);
            });
        }
    }

    private static void assertCompleted(KilledServer server, JsonNode job) {
        assertThat(job.required("state").asString())
                .as(() -> id(job) + server.overview())
                .isEqualTo("COMPLETED");
        var phases = job.required("phases").values();
        assertThat(phases).allMatch(phase -> phase.has("endedAt"));
        assertThat(phases.stream().map(phase -> phase.required("name").asString()))
                .doesNotHaveDuplicates()
                .endsWith("boot");
    }

    private void assertMachines(KilledServer server, Map<String, String> names)
            throws IOException, InterruptedException {
        var left =
                all(
                        server,
                        "instances",
                        one -> !one.required("state").asString().equals("TERMINATED"));
        assertThat(left).as(() -> "instances" + server.overview()).hasSize(names.size());
        for (var instance : left) {
            assertThat(instance.required("state").asString()).isEqualTo("RUNNING");
            var name = names.get(instance.required("server").asString());
            assertThat(instance.required("bootProof").required("evidence").asString())
                    .as(() -> "evidence" + server.overview())
                    .contains("\"" + name + '-' + round + " login:\"");
        }
        assertThat(left.stream().map(one -> one.required("server").asString()))
                .containsExactlyInAnyOrderElementsOf(names.keySet());
        assertThat(server.machines.running())
                .containsExactlyElementsOf(
                        left.stream().map(KilledServerTest::id).sorted().toList());
    }

    /// Whether what was begun has ended. Where the server was killed before it wrote that something
    /// is to be done, it is asked for again, as a client does.
    private static boolean ended(
            KilledServer server, String list, Set<String> known, KilledServer.Call begin)
            throws IOException, InterruptedException {
        var begun = all(server, list, one -> !known.contains(id(one)));
        if (begun.isEmpty()) {
            server.ask(begin);
            return false;
        }
        var state = begun.getFirst().required("state").asString();
        return state.equals("COMPLETED") || state.equals("FAILED");
    }

    private static JsonNode only(KilledServer server, String list, Set<String> known)
            throws IOException, InterruptedException {
        var begun = all(server, list, one -> !known.contains(id(one)));
        assertThat(begun).hasSize(1);
        return begun.getFirst();
    }

    private static Set<String> ids(KilledServer server, String list)
            throws IOException, InterruptedException {
        return new HashSet<>(
                all(server, list, _ -> true).stream().map(KilledServerTest::id).toList());
    }

    private static String id(JsonNode one) {
        return one.required("id").asString();
    }

    private static List<JsonNode> all(KilledServer server, String list, Predicate<JsonNode> wanted)
            throws IOException, InterruptedException {
        return server.get("/" + list).required(list).values().stream().filter(wanted).toList();
    }

    /// @return the id of a plan that recovers all in one step
    private static String planTogether(KilledServer server, Map<String, String> names)
            throws IOException, InterruptedException {
        var api = server.lab.installation.api();
        var json = JsonNodeFactory.instance;
        var plan =
                id(api.post("/plans", json.objectNode().put("name", "p").put("description", "")));
        var step = json.objectNode().put("name", "all");
        var members = step.putArray("servers");
        names.keySet().forEach(id -> members.addObject().put("server", id).put("critical", true));
        api.post("/plans/" + plan + "/steps", step);
        return plan;
    }

    /// @param waitMinutes between the servers; 0 for no wait
    /// @return the plan's id
    private static String plan(KilledServer server, Map<String, String> names, int waitMinutes)
            throws IOException, InterruptedException {
        var api = server.lab.installation.api();
        var json = JsonNodeFactory.instance;
        var plan =
                id(api.post("/plans", json.objectNode().put("name", "p").put("description", "")));
        var steps = "/plans/" + plan + "/steps";
        for (var id : names.keySet()) {
            if (waitMinutes > 0 && !api.get("/plans/" + plan).required("steps").isEmpty()) {
                api.post(
                        steps,
                        json.objectNode().put("name", "wait").put("waitMinutes", waitMinutes));
            }
            var step = json.objectNode().put("name", names.get(id));
            step.putArray("servers").addObject().put("server", id).put("critical", true);
            api.post(steps, step);
        }
        return plan;
    }
}
