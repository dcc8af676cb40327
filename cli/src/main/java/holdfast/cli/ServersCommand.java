package holdfast.cli;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// `holdfast servers`: the source servers, how far each is behind and why.
final class ServersCommand {
    private ServersCommand() {}

    static CommandSpec spec() {
        var list = Syntax.asking("servers", "Lists the source servers.", ServersCommand::list);
        var show =
                Syntax.asking(
                        "show",
                        "Shows one source server: state and why, lag, backlog, disks, newest point.",
                        ServersCommand::show);
        show.addPositional(Syntax.positional("<server>", "Its id or host name."));
        var stop =
                Syntax.asking(
                        "stop",
                        "Stops a server's replication for a time and destroys the keys of its volumes: nothing of it can be recovered until it has replicated anew.",
                        ServersCommand::stop);
        stop.addPositional(Syntax.positional("<server>", "Its id or host name."));
        stop.addOption(confirmation());
        var start =
                Syntax.asking(
                        "start",
                        "Lets a stopped server replicate again, from the first byte on.",
                        ServersCommand::start);
        start.addPositional(Syntax.positional("<server>", "Its id or host name."));
        var remove =
                Syntax.asking(
                        "remove",
                        "Ends a server's protection and destroys the keys of its volumes: nothing of it can be recovered after that. Its agent uninstalls itself.",
                        ServersCommand::remove);
        remove.addPositional(Syntax.positional("<server>", "Its id or host name."));
        remove.addOption(confirmation());
        Syntax.examples(stop, List.of("holdfast servers stop web-1 --yes"));
        Syntax.examples(start, List.of("holdfast servers start web-1"));
        Syntax.examples(
                list,
                List.of("holdfast servers", "holdfast servers --json | jq '.servers[].lagMillis'"));
        Syntax.examples(show, List.of("holdfast servers show web-1"));
        Syntax.examples(remove, List.of("holdfast servers remove web-1 --yes"));
        return list.addSubcommand("show", show)
                .addSubcommand("stop", stop)
                .addSubcommand("start", start)
                .addSubcommand("remove", remove)
                .addSubcommand("accept-machine", acceptMachine());
    }

    private static CommandSpec acceptMachine() {
        var accept =
                Syntax.asking(
                        "accept-machine",
                        "Says that a server is the machine that was refused as a copy of it: it replicates in its place, and the other one does no more.",
                        ServersCommand::acceptMachine);
        accept.addPositional(Syntax.positional("<server>", "Its id or host name."));
        accept.addOption(
                Syntax.option(
                        "--boot",
                        "<id>",
                        "Which machine, by its boot as holdfast servers show lists it; not needed where only one was refused."));
        return Syntax.examples(accept, List.of("holdfast servers accept-machine web-1"));
    }

    private static OptionSpec confirmation() {
        return Syntax.flag("--yes", "Do it. Without this, only what would be lost is said.");
    }

    private static ExitStatus list(Session session) throws IOException, InterruptedException {
        var answer = session.api().get("/servers");
        if (session.json()) {
            session.print(answer);
            return ExitStatus.OK;
        }
        var table = new Table("ID", "HOST", "STATE", ">LAG", ">BACKLOG", ">COPIED", "NEWEST POINT");
        for (var server : answer.list("servers")) {
            table.row(
                    server.text("id"),
                    server.text("hostname"),
                    server.text("state"),
                    lag(server),
                    Units.bytes(server.number("backlogBytes")),
                    copied(server),
                    session.pointShown(server.child("newestPoint")));
        }
        session.print(table, "no server is protected yet");
        return ExitStatus.OK;
    }

    private static ExitStatus show(Session session) throws IOException, InterruptedException {
        var id = session.server(session.arguments().positional(0)).text("id");
        var server = session.api().get(ApiClient.path("servers", id));
        if (session.json()) {
            session.print(server);
            return ExitStatus.OK;
        }
        var reason = server.text("stateReason");
        new Facts()
                .add("server", id + " (" + server.text("hostname") + ")")
                .add("state", server.text("state") + (reason.isEmpty() ? "" : ": " + reason))
                .add("lag", lag(server))
                .add("backlog", Units.bytes(server.number("backlogBytes")))
                .add("newest point", session.pointShown(server.child("newestPoint")))
                .add("storage class", server.text("storageClass"))
                .add("rate", Units.bytes(server.number("bytesPerSecond")) + "/s")
                .add(
                        "sent",
                        Units.bytes(server.number("sentBytes"))
                                + " for "
                                + Units.bytes(server.number("changedBytes"))
                                + " changed")
                .add("last heard of", session.shown(server.instant("lastSeenAt")))
                .add("clock", clock(server))
                .add("certificate", certificate(session, server))
                .add("encryption key", server.text("encryptionKey"))
                .lines()
                .forEach(session.terminal()::result);
        session.terminal().result("");
        var disks = new Table("DISK", ">SIZE", ">COPIED", ">COMPARED", ">BACKLOG", "VOLUME");
        for (var disk : server.list("disks")) {
            var total = disk.number("totalBytes");
            disks.row(
                    disk.text("name"),
                    Units.bytes(total),
                    Units.percent(disk.number("replicatedBytes"), total),
                    Units.percent(disk.number("rescannedBytes"), total),
                    Units.bytes(disk.number("backlogBytes")),
                    disk.text("volume"));
        }
        session.print(disks, "no disk is protected yet");
        refused(session, server);
        return ExitStatus.OK;
    }

    private static void refused(Session session, Answer server) {
        var refused = server.list("refusedMachines");
        if (refused.isEmpty()) {
            return;
        }
        session.terminal().result("");
        var table = new Table("OTHER MACHINE", "ADDRESS", "BOOT", "LAST ASKED", "REFUSED BECAUSE");
        for (var other : refused) {
            table.row(
                    other.text("hostname"),
                    other.text("address"),
                    other.text("bootId"),
                    session.shown(other.instant("lastAt")),
                    other.text("why"));
        }
        session.print(table, "");
    }

    private static ExitStatus acceptMachine(Session session)
            throws IOException, InterruptedException {
        var id = session.server(session.arguments().positional(0)).text("id");
        var request = ApiClient.JSON.createObjectNode();
        session.arguments().text("--boot").ifPresent(boot -> request.put("bootId", boot));
        var server = session.api().post(ApiClient.path("servers", id, "machine"), request);
        if (session.json()) {
            session.print(server);
        } else {
            session.terminal()
                    .result(
                            id
                                    + " is that machine now; its agent goes on by itself within two minutes");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus remove(Session session) throws IOException, InterruptedException {
        var id = confirmed(session);
        var answer = session.api().delete(ApiClient.path("servers", id));
        if (session.json()) {
            session.print(answer);
        } else {
            session.terminal()
                    .result(
                            id
                                    + " removed; the keys of its volumes are destroyed, and its agent uninstalls itself when it is next heard");
        }
        return ExitStatus.OK;
    }

    private static ExitStatus stop(Session session) throws IOException, InterruptedException {
        return order(session, confirmed(session), "stop");
    }

    private static ExitStatus start(Session session) throws IOException, InterruptedException {
        return order(
                session, session.server(session.arguments().positional(0)).text("id"), "start");
    }

    private static ExitStatus order(Session session, String id, String call)
            throws IOException, InterruptedException {
        var server =
                session.api()
                        .post(
                                ApiClient.path("servers", id, call),
                                ApiClient.JSON.createObjectNode());
        if (session.json()) {
            session.print(server);
        } else {
            session.terminal().result(id + " is " + server.text("state"));
        }
        return ExitStatus.OK;
    }

    /// The server's id, if the user has said that its points may go.
    private static String confirmed(Session session) throws IOException, InterruptedException {
        var server = session.server(session.arguments().positional(0));
        var id = server.text("id");
        if (!session.arguments().flag("--yes")) {
            throw new RefusalException(
                    "not-confirmed",
                    String.format(
                            Locale.ROOT,
                            "%s (%s) would lose every point of its %d disks for good; repeat with --yes if that is meant",
                            id,
                            server.text("hostname"),
                            server.list("disks").size()));
        }
        return id;
    }

    private static String lag(Answer server) {
        return server.has("lagMillis")
                ? Units.span(Duration.ofMillis(server.number("lagMillis")))
                : "-";
    }

    private static String clock(Answer server) {
        return server.has("clockSkewMillis")
                ? String.format(
                        Locale.ROOT,
                        "%+d ms against the server's",
                        server.number("clockSkewMillis"))
                : "";
    }

    private static String certificate(Session session, Answer server) {
        return server.has("certificateExpiresAt")
                ? "valid until " + session.shown(server.instant("certificateExpiresAt"))
                : "";
    }

    private static String copied(Answer server) {
        var disks = server.list("disks");
        return Units.percent(
                disks.stream().mapToLong(disk -> disk.number("replicatedBytes")).sum(),
                disks.stream().mapToLong(disk -> disk.number("totalBytes")).sum());
    }
}
