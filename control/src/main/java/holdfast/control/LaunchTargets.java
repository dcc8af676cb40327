package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/// Recovery instances that are launched into: a machine that there is stays what it is to the
/// outside (its id, network cards, firmware settings, tags), and gets the disks of another point in
/// place of its own. A server's launch settings name it. Safe for any thread.
final class LaunchTargets {
    private final Database database;
    private final Settings<LaunchSettings> settings;

    LaunchTargets(Database database, Settings<LaunchSettings> settings) {
        this.database = database;
        this.settings = settings;
    }

    /// The instance that a recovery of the server is launched into, if its settings name one.
    ///
    /// @throws RefusalException if it cannot be launched into now
    Optional<RecoveryInstance> of(String server, boolean drill) throws IOException {
        return database.transact(tx -> of(tx, server, drill));
    }

    private Optional<RecoveryInstance> of(Transaction tx, String server, boolean drill)
            throws DatabaseException {
        var into = settings.of(tx, server).into();
        return into.isEmpty() ? Optional.empty() : Optional.of(fit(tx, into.get(), server, drill));
    }

    /// It is lost with its disks, so nobody may rely upon them.
    private static RecoveryInstance fit(Transaction tx, String id, String server, boolean drill)
            throws DatabaseException {
        var instance =
                Tables.INSTANCES
                        .find(tx, id)
                        .filter(found -> found.server().equals(server))
                        .orElseThrow(() ->
                                unfit(id, server, "there is no such recovery instance of it"));
        if (drill && !instance.drill()) {
            throw unfit(id, server, "it is a recovery, and a drill would end it");
        }
        switch (instance.state()) {
            case RUNNING, STOPPED, FAILED -> {}
            case LAUNCHING, TERMINATING, TERMINATED ->
                    throw unfit(id, server, "it is " + instance.state());
        }
        var reversal = Reversals.of(tx, id);
        if (reversal.isPresent()) {
            throw unfit(id, server, "it is protected as " + reversal.get().server());
        }
        if (Elsewhere.find(tx, id).isPresent()) {
            throw unfit(id, server, "it runs elsewhere");
        }
        if (Tables.FAILBACKS
                .find(tx, id)
                .filter(failback -> failback.state().isUnderWay())
                .isPresent()) {
            throw unfit(id, server, "its failback is under way");
        }
        return instance;
    }

    private static RefusalException unfit(String instance, String server, String why) {
        return new RefusalException(
                "launch-target-unfit",
                String.format(
                        Locale.ROOT,
                        "the launch settings of server %s say to launch into %s, but %s: change them, or wait",
                        server,
                        instance,
                        why));
    }

    /// Why the instance is being launched, by which the job that launches it knows it again.
    static String taken(String job) {
        return "being launched into by " + job;
    }

    /// Whether the disks that the instance has are not yet those that it is launched from.
    static boolean isTaken(RecoveryInstance instance) {
        return instance.reason().equals(taken(instance.job()));
    }

    /// Has the instance that the settings name launched by that job, in a transaction of the
    /// caller's.
    ///
    /// @return false if a new one is to be made
    /// @throws RefusalException if it cannot be launched into now
    boolean take(Transaction tx, String server, String job, boolean drill, ConsistencyPoint point)
            throws DatabaseException {
        var target = of(tx, server, drill);
        if (target.isEmpty()) {
            return false;
        }
        var instance = target.get();
        Instances.replace(tx, instance, instance.launchedInto(job, drill, point));
        var failback = Tables.FAILBACKS.find(tx, instance.id());
        if (failback.isPresent()) { // of disks that go
            Tables.FAILBACKS.delete(tx, failback.get());
        }
        if (drill != instance.drill()) { // whose network is another
            Attachments.forget(tx, instance.id());
        }
        return true;
    }
}
