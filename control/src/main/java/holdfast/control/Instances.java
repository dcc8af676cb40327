package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Recovery instances, as rows. Safe for any thread.
public final class Instances {
    private static final System.Logger LOG = System.getLogger("holdfast.instances");

    private static final String STARTING = "start asked for";

    private final Database database;
    private final Jobs jobs;
    private final MachineHost host;
    private final TimeSource time;

    Instances(Database database, Jobs jobs, MachineHost host, TimeSource time) {
        this.database = database;
        this.jobs = jobs;
        this.host = host;
        this.time = time;
    }

    /// All that are known, newest first; terminated ones for 30 days.
    public List<RecoveryInstance> list() throws IOException {
        return database.transact(tx -> Tables.INSTANCES.select(tx, "order by created_at desc, id"));
    }

    /// Those of these servers, newest first.
    public List<RecoveryInstance> ofServers(Collection<String> servers) throws IOException {
        return database.transact(tx ->
                Tables.INSTANCES.selectIn(
                        tx, "server_id", servers, "order by created_at desc, id"));
    }

    /// @throws RefusalException if there is none
    public RecoveryInstance get(String id) throws IOException {
        return database.transact(tx -> require(tx, id));
    }

    /// Begins to end an instance: marks it and makes the job, both or neither.
    ///
    /// @throws RefusalException if there is none, or it is being launched or terminated
    public Job.View terminate(String id) throws IOException {
        return terminate(List.of(id));
    }

    /// Begins to end instances in one job: all of them or none.
    ///
    /// @throws RefusalException if one is unknown, or is being launched or terminated
    public Job.View terminate(List<String> ids) throws IOException {
        return database.transact(tx -> {
            var endings = new ArrayList<JobRequest.Ending>();
            for (var id : ids) {
                var instance = require(tx, id);
                refuseWhileFailedBack(tx, instance);
                Reversals.refuseReversed(tx, id);
                change(
                        tx,
                        instance,
                        InstanceState.Event.TERMINATION_ASKED,
                        "termination asked for");
                endings.add(new JobRequest.Ending(id, instance.server()));
            }
            var job = jobs.submitAsked(tx, new JobRequest.Terminate(endings));
            return new Job.View(job, List.of(), ids);
        });
    }

    private static void refuseWhileFailedBack(Transaction tx, RecoveryInstance instance)
            throws DatabaseException {
        if (beingFailedBack(tx, instance)) {
            throw new RefusalException(
                    "failback-finishing",
                    "recovery instance "
                            + instance.id()
                            + " is being failed back: wait for the job's end");
        }
    }

    /// Begins to start an instance that was made ready only: marks it and makes the job, both or
    /// neither.
    ///
    /// @throws RefusalException if there is none, or it is not stopped
    public Job.View start(String id) throws IOException {
        return database.transact(tx -> {
            var instance = require(tx, id);
            refuseWhileFailedBack(tx, instance);
            ElsewhereInstances.refuse(tx, id);
            change(tx, instance, InstanceState.Event.START_ASKED, STARTING);
            var job = jobs.submitAsked(tx, new JobRequest.Start(id, instance.server()));
            return new Job.View(job, List.of(), List.of(id));
        });
    }

    /// Whether it is launched since its start was asked for, and not by a recovery.
    static boolean isStarting(RecoveryInstance instance) {
        return instance.state() == InstanceState.LAUNCHING && instance.reason().equals(STARTING);
    }

    /// Whether its machine runs now.
    public boolean machineRuns(String id) throws IOException {
        return host.find(id).filter(machine -> machine.running()).isPresent();
    }

    static RecoveryInstance require(Transaction tx, String id) throws DatabaseException {
        return Tables.INSTANCES
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-instance",
                                "no recovery instance "
                                        + id
                                        + ": `holdfast instances` lists those there are"));
    }

    /// The instance that a job launches for a server, if it has come so far.
    Optional<RecoveryInstance> launchedBy(String job, String server) throws IOException {
        return database.transact(tx -> launchedBy(tx, job, server));
    }

    static Optional<RecoveryInstance> launchedBy(Transaction tx, String job, String server)
            throws DatabaseException {
        return Tables.INSTANCES
                .select(tx, "where job_id = ? and server_id = ?", job, server)
                .stream()
                .findFirst();
    }

    /// Those of a server that are being terminated for that reason.
    List<RecoveryInstance> endingFor(String server, String reason) throws IOException {
        return database.transact(tx ->
                Tables.INSTANCES.select(
                        tx,
                        "where server_id = ? and state = 'TERMINATING' and reason = ? order by"
                                + " created_at, id",
                        server,
                        reason));
    }

    static void change(
            Transaction tx, RecoveryInstance instance, InstanceState.Event event, String why)
            throws DatabaseException {
        replace(tx, instance, instance.on(event, why));
    }

    static void replace(Transaction tx, RecoveryInstance instance, RecoveryInstance next)
            throws DatabaseException {
        Tables.INSTANCES.update(tx, next);
        tx.afterCommit(() ->
                LOG.log(
                        System.Logger.Level.INFO,
                        "instance={0} state={1} -> {2} ({3})",
                        instance.id(),
                        instance.state(),
                        next.state(),
                        next.reason()));
    }

    /// Marks instances whose machines ended without being told to.
    void noticeEndedMachines() throws IOException {
        for (var instance :
                database.transact(tx -> Tables.INSTANCES.select(tx, "where state = 'RUNNING'"))) {
            var machine = host.find(instance.id());
            if (machine.isPresent() && machine.get().running()) {
                continue;
            }
            database.<@Nullable Void>transact(tx -> {
                var current = require(tx, instance.id());
                if (current.state() == InstanceState.RUNNING && !beingFailedBack(tx, current)) {
                    change(
                            tx,
                            current,
                            InstanceState.Event.MACHINE_ENDED,
                            "the machine ended; noticed at " + time.now());
                }
                return null;
            });
        }
    }

    /// Whether its machine is being stopped on purpose.
    private static boolean beingFailedBack(Transaction tx, RecoveryInstance instance)
            throws DatabaseException {
        return Tables.FAILBACKS
                .find(tx, instance.id())
                .filter(failback -> failback.state() == FailbackState.FINISHING)
                .isPresent();
    }

    /// Begins to forget an instance that was disconnected and does not run: its branches go.
    ///
    /// @throws RefusalException if there is none, or it runs, or was not disconnected
    public void delete(String id) throws IOException {
        var runs = machineRuns(id);
        database.<@Nullable Void>transact(tx -> {
            var instance = require(tx, id);
            var disconnected =
                    Tables.FAILBACKS
                            .find(tx, id)
                            .filter(known -> known.state() == FailbackState.DISCONNECTED)
                            .isPresent();
            if (!disconnected) {
                throw new RefusalException(
                        "instance-connected",
                        "recovery instance " + id + " was not disconnected: do that first");
            }
            if (runs) {
                throw new RefusalException(
                        "instance-running",
                        "the machine of recovery instance "
                                + id
                                + " runs on disks that would go with its record: terminate it"
                                + " instead");
            }
            Reversals.refuseReversed(tx, id);
            change(
                    tx,
                    instance,
                    InstanceState.Event.TERMINATION_ASKED,
                    "to be forgotten, after it was disconnected");
            var ending = new JobRequest.Ending(id, instance.server());
            jobs.submitAsked(tx, new JobRequest.Terminate(List.of(ending)));
            return null;
        });
    }

    /// Forgets instances that were terminated before that time.
    void prune(Instant before) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var old :
                    Tables.INSTANCES.select(tx, "where ended_at < ?", before.toEpochMilli())) {
                Tables.INSTANCES.delete(tx, old);
                Elsewhere.forget(tx, old.id());
                ServerMachines.forget(tx, old.id());
            }
            return null;
        });
    }
}
