package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.recovery.MachineHost;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/// Runs launch actions in a recovery instance that has booted, one after the other, each as a phase
/// of the job. A controller that dies meanwhile leaves the action to the next one, which runs it
/// again.
final class ActionWork {
    /// How long one action may take.
    private static final Duration TIMEOUT = Duration.ofMinutes(10);

    private final Database database;
    private final Settings<LaunchSettings> settings;
    private final LaunchScripts scripts;
    private final MachineHost host;

    ActionWork(
            Database database,
            Settings<LaunchSettings> settings,
            LaunchScripts scripts,
            MachineHost host) {
        this.database = database;
        this.settings = settings;
        this.scripts = scripts;
        this.host = host;
    }

    /// Those that are to run in instances of a server, in order.
    List<LaunchAction> of(String server) throws IOException {
        return database.transact(tx -> of(tx, server));
    }

    List<LaunchAction> of(Transaction tx, String server) throws DatabaseException {
        return settings.of(tx, server).runActions()
                ? LaunchActions.of(tx, server).stream().filter(LaunchAction::active).toList()
                : List.of();
    }

    /// @param failure of an action that is not optional
    /// @throws JobRun.StepFailedException of such a one
    void run(JobRun run, RecoveryInstance instance, JobRun.Failure failure)
            throws IOException, InterruptedException {
        for (var action : of(instance.server())) {
            run.phase(instance.server(), phase(action), () -> step(run, instance, action), failure);
        }
    }

    static String phase(LaunchAction action) {
        return "action " + action.id();
    }

    private Database.Work<String> step(JobRun run, RecoveryInstance instance, LaunchAction action)
            throws IOException, InterruptedException {
        try {
            var said = run(run, instance, action);
            return _ -> said;
        } catch (IOException | RefusalException e) {
            if (!action.optional()) {
                throw e;
            }
            return _ -> "failed, though not needed: " + e.getMessage();
        }
    }

    private String run(JobRun run, RecoveryInstance instance, LaunchAction action)
            throws IOException, InterruptedException {
        var environment = new TreeMap<>(action.parameters());
        environment.put("HOLDFAST_SERVER", instance.server());
        environment.put("HOLDFAST_INSTANCE", instance.id());
        environment.put("HOLDFAST_JOB", run.job().id());
        environment.put("HOLDFAST_DRILL", Boolean.toString(instance.drill()));
        var ended =
                host.runScript(instance.id(), scripts.read(action.script()), environment, TIMEOUT);
        var said =
                String.format(
                        Locale.ROOT,
                        "%s: exit status %d%s",
                        action.script(),
                        ended.status(),
                        ended.output().isEmpty() ? "" : ": " + ended.output());
        if (ended.status() != 0) {
            throw new IOException(said);
        }
        return said;
    }
}
