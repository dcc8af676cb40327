package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.MachineFacts;
import holdfast.replication.MachineIdentity;
import holdfast.replication.Newcomer;
import holdfast.replication.SessionControl;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Keeps copies of source servers from replicating in their place, as rows. Safe for any thread.
final class ServerMachines {
    static final Table<ServerMachine> ROWS =
            new Table<>(
                            "server_machines",
                            List.of("server_id"),
                            List.of("server_id", "machine"),
                            (ServerMachine machine) ->
                                    Tables.values(
                                            "server_id",
                                            machine.server(),
                                            "machine",
                                            MachineDocuments.of(machine)),
                            row ->
                                    MachineDocuments.machine(
                                            row.text("server_id"), row.text("machine")))
                    .heldThrough("server_id");

    /// A refused machine asks every minute; that it does so still need not be written each time.
    private static final Duration SAVE_EVERY = Duration.ofMinutes(5);

    private static final System.Logger LOG = System.getLogger("holdfast.servers");

    private final Database database;
    private final TimeSource time;

    ServerMachines(Database database, TimeSource time) {
        this.database = database;
        this.time = time;
    }

    /// Which machine a server, or a recovery instance that runs elsewhere, is; empty before its
    /// agent's first session.
    ///
    /// What earlier versions kept of a server's last session is the beginning.
    private static Optional<ServerMachine> find(Transaction tx, String id)
            throws DatabaseException {
        var row = ROWS.find(tx, id);
        return row.isPresent()
                ? row
                : Tables.SERVERS
                        .find(tx, id)
                        .flatMap(SourceServer::machine)
                        .map(machine -> ServerMachine.of(id, machine));
    }

    /// @throws RefusalException if the newcomer is taken for a copy of the server
    void admit(String server, Newcomer newcomer) throws IOException, InterruptedException {
        switch (database.transact(tx -> verdict(tx, server, newcomer.machine()))) {
            case ServerMachine.Verdict.Admit() -> {}
            case ServerMachine.Verdict.Refuse(var why) -> refuse(server, newcomer, why);
            case ServerMachine.Verdict.AdmitInstead(var otherwise) -> {
                if (newcomer.incumbent().answers()) {
                    refuse(server, newcomer, otherwise);
                }
            }
        }
    }

    /// A server that may not replicate anyway is told that.
    private static ServerMachine.Verdict verdict(Transaction tx, String id, MachineFacts machine)
            throws DatabaseException {
        var server = Tables.SERVERS.find(tx, id);
        if (server.isPresent() && Servers.refusal(server.get()).isPresent()) {
            return new ServerMachine.Verdict.Admit();
        }
        var known = find(tx, id);
        return known.isEmpty() ? new ServerMachine.Verdict.Admit() : known.get().judge(machine);
    }

    private void refuse(String id, Newcomer newcomer, String why) throws IOException {
        var machine = newcomer.machine();
        database.<@Nullable Void>transact(tx -> {
            var known = find(tx, id);
            if (known.isPresent() && isNews(known.get(), machine.bootId())) {
                save(tx, known.get().refusing(machine, newcomer.peer(), why, time.now()));
            }
            return null;
        });
        LOG.log(
                System.Logger.Level.WARNING,
                "server={0} other-machine={1} peer={2} boot={3} refused ({4})",
                id,
                machine.identity(),
                newcomer.peer(),
                machine.bootId(),
                why);
        throw refusal(id, why);
    }

    private boolean isNews(ServerMachine known, String bootId) {
        return known.refused().stream()
                .filter(other -> other.bootId().equals(bootId))
                .noneMatch(other ->
                        Duration.between(other.lastAt(), time.now()).compareTo(SAVE_EVERY) < 0);
    }

    private static RefusalException refusal(String id, String why) {
        return new RefusalException(
                SessionControl.OTHER_MACHINE,
                String.format(
                        Locale.ROOT,
                        "this machine is taken for a copy of server %s and does not replicate in its place: %s. If the server has moved to this machine: `holdfast servers accept-machine %s`, where the API is used. To protect this machine as a server of its own: `holdfast agent uninstall` here, then enrol it",
                        id,
                        why,
                        id));
    }

    /// A machine that was admitted begins its session.
    ///
    /// @return how often another boot has taken over
    /// @throws RefusalException if it is a copy after all
    long began(Transaction tx, String id, MachineFacts machine) throws DatabaseException {
        var known = find(tx, id).orElseGet(() -> ServerMachine.of(id, machine));
        if (known.judge(machine) instanceof ServerMachine.Verdict.Refuse(var why)) {
            throw refusal(id, why); // the operator has accepted another one meanwhile
        }
        var next = known.now(machine.identity(), machine.bootId());
        if (!next.equals(known) || ROWS.find(tx, id).isEmpty()) {
            save(tx, next);
        }
        return next.boots();
    }

    /// Whether that is the boot that had the last session.
    boolean isNewestBoot(Transaction tx, String id, String bootId) throws DatabaseException {
        return find(tx, id).filter(known -> known.bootId().equals(bootId)).isPresent();
    }

    /// The server's disks are on that machine now.
    void leave(Transaction tx, String server, MachineIdentity heir) throws DatabaseException {
        var known = find(tx, server);
        if (known.isPresent() && heir.isKnown()) {
            save(tx, known.get().leftTo(heir));
        }
    }

    /// Machines that asked to replicate as the server and may not.
    List<ServerMachine.Refused> refused(String server) throws IOException {
        return database.transact(tx -> ROWS.find(tx, server))
                .map(ServerMachine::refused)
                .orElse(List.of());
    }

    /// The operator's word: the server is that machine.
    ///
    /// @param boot of which machine; empty if only one was refused
    /// @return what the machine that replicated so far is to be told
    RefusalException accept(Transaction tx, String server, Optional<String> boot)
            throws DatabaseException {
        Servers.requireActive(tx, server);
        var known = ROWS.find(tx, server);
        var refused = known.map(ServerMachine::refused).orElse(List.of());
        var meant =
                boot.isPresent()
                        ? refused.stream()
                                .filter(other -> other.bootId().equals(boot.get()))
                                .toList()
                        : refused;
        if (meant.size() != 1) {
            throw new RefusalException(
                    "unknown-machine",
                    refused.isEmpty()
                            ? "no machine was refused in place of server " + server
                            : "say which machine is meant by its boot: "
                                    + refused.stream()
                                            .map(other ->
                                                    other.bootId() + " (" + other.identity() + ")")
                                            .collect(Collectors.joining(", ")));
        }
        var accepted = meant.getFirst();
        save(tx, known.orElseThrow().now(accepted.identity(), accepted.bootId()));
        tx.afterCommit(() ->
                LOG.log(
                        System.Logger.Level.INFO,
                        "server={0} machine -> {1} boot={2} (accepted by the operator)",
                        server,
                        accepted.identity(),
                        accepted.bootId()));
        return refusal(server, "the operator has accepted another machine as the server");
    }

    static void forget(Transaction tx, String server) throws DatabaseException {
        var row = ROWS.find(tx, server);
        if (row.isPresent()) {
            ROWS.delete(tx, row.get());
        }
    }

    private static void save(Transaction tx, ServerMachine machine) throws DatabaseException {
        if (ROWS.find(tx, machine.server()).isPresent()) {
            ROWS.update(tx, machine);
        } else {
            ROWS.insert(tx, machine);
        }
    }
}
