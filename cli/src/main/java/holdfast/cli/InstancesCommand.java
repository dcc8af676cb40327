package holdfast.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast instances`: the machines launched from points, with the evidence that they booted.
final class InstancesCommand {
    private InstancesCommand() {}

    static CommandSpec spec() {
        var list =
                Syntax.asking("instances", "Lists the recovery instances.", InstancesCommand::list);
        var show =
                Syntax.asking(
                        "show",
                        "Shows one recovery instance; saves its console and its screenshot.",
                        InstancesCommand::show);
        show.addPositional(Syntax.positional("<id>", "As holdfast instances lists it."));
        show.addOption(Syntax.option("--console", "<file>", "Save what its serial console said."));
        show.addOption(
                Syntax.option("--screenshot", "<file>", "Save its screen as it booted, as PNG."));
        var start =
                Syntax.asking(
                        "start",
                        "Starts a recovery instance that was made ready only.",
                        InstancesCommand::start);
        start.addPositional(Syntax.positional("<id>", "As holdfast instances lists it."));
        Syntax.examples(start, List.of("holdfast instances start i-0123456789abcdef0"));
        var terminate =
                Syntax.asking(
                        "terminate",
                        "Ends a recovery instance and deletes what it wrote; the points stay.",
                        InstancesCommand::terminate);
        terminate.addPositional(Syntax.positional("<id>", "As holdfast instances lists it."));
        Syntax.examples(list, List.of("holdfast instances", "holdfast instances --json"));
        Syntax.examples(
                show, List.of("holdfast instances show i-0123456789abcdef0 --screenshot boot.png"));
        Syntax.examples(terminate, List.of("holdfast instances terminate i-0123456789abcdef0"));
        return list.addSubcommand("show", show)
                .addSubcommand("start", start)
                .addSubcommand("terminate", terminate)
                .addSubcommand("export", InstanceExport.spec())
                .addSubcommand("failback", failback())
                .addSubcommand(
                        "stop-failback",
                        plain(
                                "stop-failback",
                                "Abandons the failback of a recovery instance; its client is told.",
                                session -> post(session, "failback", "stop")))
                .addSubcommand(
                        "protect",
                        plain(
                                "protect",
                                "Makes a source server of a recovery instance, whose points are those of its disks.",
                                InstancesCommand::protect))
                .addSubcommand(
                        "disconnect",
                        plain(
                                "disconnect",
                                "Lets no failback client follow a recovery instance any more.",
                                session -> post(session, "disconnect")))
                .addSubcommand(
                        "delete",
                        plain(
                                "delete",
                                "Forgets a recovery instance that was disconnected and does not run, with what it wrote.",
                                session -> {
                                    session.api().delete(ApiClient.path("instances", id(session)));
                                    return ExitStatus.OK;
                                }));
    }

    private static CommandSpec failback() {
        var failback =
                Syntax.asking(
                        "failback",
                        "Finishes the failback of a recovery instance that is READY: stops it, has its client take what is left and read every disk back.",
                        InstancesCommand::failBack);
        failback.addPositional(Syntax.positional("<id>", "As holdfast instances lists it."));
        return Syntax.examples(
                failback, List.of("holdfast instances failback i-0123456789abcdef0"));
    }

    private static CommandSpec plain(String name, String description, Session.Turn turn) {
        var spec = Syntax.asking(name, description, turn);
        spec.addPositional(Syntax.positional("<id>", "As holdfast instances lists it."));
        return Syntax.examples(
                spec, List.of("holdfast instances " + name + " i-0123456789abcdef0"));
    }

    private static ExitStatus post(Session session, String... call)
            throws IOException, InterruptedException {
        var path = new ArrayList<>(List.of("instances", id(session)));
        path.addAll(List.of(call));
        session.api()
                .post(
                        ApiClient.path(path.toArray(String[]::new)),
                        ApiClient.JSON.createObjectNode());
        if (session.json()) {
            session.terminal().result("{}");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus protect(Session session) throws IOException, InterruptedException {
        var server =
                session.api()
                        .post(
                                ApiClient.path("instances", id(session), "protect"),
                                ApiClient.JSON.createObjectNode());
        if (session.json()) {
            session.print(server);
        } else {
            session.terminal().result(id(session) + " is protected as " + server.text("id"));
        }
        return ExitStatus.OK;
    }

    private static ExitStatus failBack(Session session) throws IOException, InterruptedException {
        var id = id(session);
        var started =
                session.api()
                        .post(
                                ApiClient.path("instances", id, "failback"),
                                ApiClient.JSON.createObjectNode());
        var job = session.await(started);
        var done = job.text("state").equals("COMPLETED");
        if (session.json()) {
            session.print(job);
        } else {
            session.terminal()
                    .result(
                            done
                                    ? id + " failed back; holdfast instances terminate deletes it"
                                    : id + " not failed back: " + job.text("reason"));
        }
        return done ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/instances");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table =
                new Table(
                        "ID", "SERVER", "KIND", "STATE", "RECOVERED AT", "LAUNCHED", "BOOT PROOF");
        for (var instance : answer.list("instances")) {
            table.row(
                    instance.text("id"),
                    instance.text("server"),
                    kind(instance),
                    instance.text("state"),
                    session.pointShown(instance.child("point")),
                    session.shown(instance.instant("launchedAt")),
                    proof(instance));
        }
        session.print(table, "no recovery instance");
        return ExitStatus.OK;
    }

    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        var path = ApiClient.path("instances", id(session));
        var instance = session.api().get(path);
        var console = session.arguments().text("--console");
        var screenshot = session.arguments().text("--screenshot");
        if (console.isPresent()) {
            Files.write(Path.of(console.get()), session.api().download(path + "/console"));
        }
        if (screenshot.isPresent()) {
            Files.write(Path.of(screenshot.get()), session.api().download(path + "/screenshot"));
        }
        if (session.json()) {
            session.print(instance);
            return ExitStatus.OK;
        }
        var reason = instance.text("reason");
        new Facts()
                .add("instance", instance.text("id"))
                .add("server", instance.text("server"))
                .add("kind", kind(instance))
                .add("state", instance.text("state") + (reason.isEmpty() ? "" : ": " + reason))
                .add("recovered at", session.pointShown(instance.child("point")))
                .add("launched", session.shown(instance.instant("launchedAt")))
                .add("runs with", instance.text("accelerator"))
                .add("process", instance.has("pid") ? Long.toString(instance.number("pid")) : "")
                .add("boot proof", proof(instance))
                .add("elsewhere", elsewhere(session, instance))
                .add("failback", failbackShown(instance))
                .add("console", console.map(file -> "saved to " + file).orElse(""))
                .add("screenshot", screenshot.map(file -> "saved to " + file).orElse(""))
                .lines()
                .forEach(session.terminal()::result);
        return ExitStatus.OK;
    }

    private static ExitStatus start(Session session) throws IOException, InterruptedException {
        return await(session, "start", "started");
    }

    private static ExitStatus terminate(Session session) throws IOException, InterruptedException {
        return await(session, "terminate", "terminated");
    }

    /// @param call that begins the job
    /// @param outcome what the instance then is
    private static ExitStatus await(Session session, String call, String outcome)
            throws IOException, InterruptedException {
        var id = id(session);
        var begun =
                session.api()
                        .post(
                                ApiClient.path("instances", id, call),
                                ApiClient.JSON.createObjectNode());
        var job = session.await(begun);
        var done = job.text("state").equals("COMPLETED");
        if (session.json()) {
            session.print(job);
        } else {
            session.terminal()
                    .result(
                            done
                                    ? id + " " + outcome
                                    : id + " not " + outcome + ": " + job.text("reason"));
        }
        return done ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    /// Of the form that ids have; others would not be looked for but be misread as paths.
    static String id(Session session) {
        var text = session.arguments().positional(0);
        if (!text.matches("i-[0-9a-f]{1,32}")) {
            throw new UsageException(
                    "'"
                            + text
                            + "' is no recovery instance's id, such as i-0123456789abcdef0: holdfast instances lists them");
        }
        return text;
    }

    /// What shows that the machine came up, and after how long.
    static String proof(Answer instance) {
        if (!instance.has("bootProof")) {
            return "-";
        }
        var proof = instance.child("bootProof");
        var took = Units.span(Duration.ofMillis(proof.number("tookMillis")));
        return proof.flag("proven")
                ? proof.text("evidence") + " after " + took
                : "none within " + took + ": " + proof.text("evidence");
    }

    private static String elsewhere(Session session, Answer instance) {
        if (!instance.has("elsewhere")) {
            return "";
        }
        var machine = instance.child("elsewhere");
        return machine.text("hostname")
                + (machine.flag("connected")
                        ? ", its agent is connected: " + machine.text("state")
                        : ", its agent was last heard of "
                                + session.shown(machine.instant("lastSeenAt")));
    }

    private static String failbackShown(Answer instance) {
        if (!instance.has("failback")) {
            return "";
        }
        var failback = instance.child("failback");
        return failback.text("state") + ": " + failback.text("reason");
    }

    private static String kind(Answer instance) {
        return instance.flag("drill") ? "drill" : "recovery";
    }
}
