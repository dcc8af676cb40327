package holdfast.control;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The tables of the control database (schema/*.sql) and how records become their rows.
final class Tables {
    static final Table<Database.SchemaVersion> VERSIONS =
            new Table<>(
                    "schema_versions",
                    List.of("version"),
                    List.of("version", "schema_check"),
                    version ->
                            values(
                                    "version", version.version(),
                                    "schema_check", version.schemaCheck()),
                    row ->
                            new Database.SchemaVersion(
                                    row.number("version"), row.number("schema_check")));

    static final Table<AdmittedToken> TOKENS =
            new Table<>(
                    "tokens",
                    List.of("hash"),
                    List.of("hash", "created_at", "expires_at", "used_at", "server_id"),
                    token ->
                            values(
                                    "hash", token.hash(),
                                    "created_at", token.createdAt(),
                                    "expires_at", token.expiresAt(),
                                    "used_at", token.usedAt(),
                                    "server_id", token.serverId()),
                    row ->
                            new AdmittedToken(
                                    row.text("hash"),
                                    row.instant("created_at"),
                                    row.instant("expires_at"),
                                    row.optionalInstant("used_at"),
                                    row.optionalText("server_id")));

    static final Table<SourceServer> SERVERS =
            new Table<>(
                            "servers",
                            List.of("id"),
                            List.of(
                                    "id",
                                    "hostname",
                                    "state",
                                    "error",
                                    "reason",
                                    "state_since",
                                    "enrolled_at",
                                    "last_seen_at",
                                    "machine",
                                    "report",
                                    "disks"),
                            (SourceServer server) ->
                                    values(
                                            "id", server.id(),
                                            "hostname", server.hostname(),
                                            "state", server.state().name(),
                                            "error", error(server.state()),
                                            "reason", server.reason(),
                                            "state_since", server.stateSince(),
                                            "enrolled_at", server.enrolledAt(),
                                            "last_seen_at", server.lastSeenAt(),
                                            "machine",
                                                    server.machine().map(Documents::ofMachineFacts),
                                            "report", server.report().map(Documents::ofReport),
                                            "disks", Documents.ofDisks(server.disks())),
                            row ->
                                    new SourceServer(
                                            row.text("id"),
                                            row.text("hostname"),
                                            ReplicationState.of(
                                                    row.text("state"), row.optionalText("error")),
                                            row.text("reason"),
                                            row.instant("state_since"),
                                            row.instant("enrolled_at"),
                                            row.optionalInstant("last_seen_at"),
                                            row.optionalText("machine")
                                                    .map(Documents::machineFacts),
                                            row.optionalText("report").map(Documents::report),
                                            Documents.disks(row.text("disks"))))
                    .held(_ -> Optional.empty());

    static final Table<Job> JOBS =
            new Table<>(
                            "jobs",
                            List.of("id"),
                            List.of(
                                    "id",
                                    "request",
                                    "kind",
                                    "state",
                                    "reason",
                                    "lease_owner",
                                    "lease_until",
                                    "attempts",
                                    "created_at",
                                    "ended_at",
                                    "result"),
                            (Job job) ->
                                    values(
                                            "id", job.id(),
                                            "request", Documents.ofRequest(job.request()),
                                            "kind", job.request().kind(),
                                            "state", job.state().name(),
                                            "reason", job.reason(),
                                            "lease_owner",
                                                    lease(job.state()).map(JobState.Started::owner),
                                            "lease_until",
                                                    lease(job.state())
                                                            .map(JobState.Started::leaseUntil),
                                            "attempts", (long) job.attempts(),
                                            "created_at", job.createdAt(),
                                            "ended_at", job.endedAt(),
                                            "result", job.result().map(Documents::ofResult)),
                            row ->
                                    new Job(
                                            row.text("id"),
                                            Documents.request(row.text("request")),
                                            jobState(row),
                                            row.text("reason"),
                                            Math.toIntExact(row.number("attempts")),
                                            row.instant("created_at"),
                                            row.optionalInstant("ended_at"),
                                            row.optionalText("result").map(Documents::result)))
                    .held(job -> job.request().servers().stream().findFirst());

    static final Table<PhaseRow> PHASES =
            new Table<>(
                    "phases",
                    List.of("job_id", "position"),
                    List.of(
                            "job_id",
                            "position",
                            "server_id",
                            "name",
                            "started_at",
                            "ended_at",
                            "detail"),
                    phase ->
                            values(
                                    "job_id", phase.job(),
                                    "position", phase.position(),
                                    "server_id", phase.phase().server(),
                                    "name", phase.phase().name(),
                                    "started_at", phase.phase().startedAt(),
                                    "ended_at", phase.phase().endedAt(),
                                    "detail", phase.phase().detail()),
                    row ->
                            new PhaseRow(
                                    row.text("job_id"),
                                    row.number("position"),
                                    new Job.Phase(
                                            row.text("server_id"),
                                            row.text("name"),
                                            row.instant("started_at"),
                                            row.optionalInstant("ended_at"),
                                            row.text("detail"))));

    static final Table<RecoveryInstance> INSTANCES =
            new Table<>(
                            "instances",
                            List.of("id"),
                            List.of(
                                    "id",
                                    "job_id",
                                    "server_id",
                                    "drill",
                                    "state",
                                    "reason",
                                    "created_at",
                                    "point",
                                    "machine",
                                    "boot_proof",
                                    "ended_at"),
                            (RecoveryInstance instance) ->
                                    values(
                                            "id", instance.id(),
                                            "job_id", instance.job(),
                                            "server_id", instance.server(),
                                            "drill", instance.drill() ? 1L : 0L,
                                            "state", instance.state().name(),
                                            "reason", instance.reason(),
                                            "created_at", instance.createdAt(),
                                            "point", Documents.ofPoint(instance.point()),
                                            "machine", instance.machine().map(Documents::ofMachine),
                                            "boot_proof",
                                                    instance.bootProof()
                                                            .map(Documents::ofBootProof),
                                            "ended_at", instance.endedAt()),
                            row ->
                                    new RecoveryInstance(
                                            row.text("id"),
                                            row.text("job_id"),
                                            row.text("server_id"),
                                            row.flag("drill"),
                                            InstanceState.valueOf(row.text("state")),
                                            row.text("reason"),
                                            row.instant("created_at"),
                                            Documents.point(row.text("point")),
                                            row.optionalText("machine").map(Documents::machine),
                                            row.optionalText("boot_proof")
                                                    .map(Documents::bootProof),
                                            row.optionalInstant("ended_at")))
                    .held(instance -> Optional.of(instance.server()));

    static final Table<PointExport> EXPORTS =
            new Table<>(
                            "exports",
                            List.of("id"),
                            List.of("id", "server_id", "disk", "volume_id", "created_at", "point"),
                            (PointExport export) ->
                                    values(
                                            "id", export.id(),
                                            "server_id", export.server(),
                                            "disk", export.disk(),
                                            "volume_id", export.volume(),
                                            "created_at", export.createdAt(),
                                            "point", Documents.ofPoint(export.point())),
                            row ->
                                    new PointExport(
                                            row.text("id"),
                                            row.text("server_id"),
                                            row.text("disk"),
                                            row.text("volume_id"),
                                            row.instant("created_at"),
                                            Documents.point(row.text("point"))))
                    .held(export -> Optional.of(export.server()));

    static final Table<RecoveryPlan> PLANS =
            new Table<>(
                            "plans",
                            List.of("id"),
                            List.of(
                                    "id",
                                    "name",
                                    "description",
                                    "client_token",
                                    "steps",
                                    "created_at",
                                    "updated_at"),
                            (RecoveryPlan plan) ->
                                    values(
                                            "id", plan.id(),
                                            "name", plan.name(),
                                            "description", plan.description(),
                                            "client_token", plan.clientToken(),
                                            "steps", PlanDocuments.ofSteps(plan.steps()),
                                            "created_at", plan.createdAt(),
                                            "updated_at", plan.updatedAt()),
                            row ->
                                    new RecoveryPlan(
                                            row.text("id"),
                                            row.text("name"),
                                            row.text("description"),
                                            row.optionalText("client_token"),
                                            PlanDocuments.steps(row.text("steps")),
                                            row.instant("created_at"),
                                            row.instant("updated_at")))
                    .held(_ -> Optional.empty());

    static final Table<PlanExecution> EXECUTIONS =
            new Table<>(
                            "executions",
                            List.of("id"),
                            List.of(
                                    "id",
                                    "plan_id",
                                    "drill",
                                    "state",
                                    "reason",
                                    "points",
                                    "steps",
                                    "client_token",
                                    "started_at",
                                    "completed_at"),
                            (PlanExecution execution) ->
                                    values(
                                            "id", execution.id(),
                                            "plan_id", execution.plan(),
                                            "drill", execution.drill() ? 1L : 0L,
                                            "state", execution.state().name(),
                                            "reason", execution.reason(),
                                            "points", PlanDocuments.ofPoints(execution.points()),
                                            "steps",
                                                    PlanDocuments.ofExecutionSteps(
                                                            execution.steps()),
                                            "client_token", execution.clientToken(),
                                            "started_at", execution.startedAt(),
                                            "completed_at", execution.completedAt()),
                            row ->
                                    new PlanExecution(
                                            row.text("id"),
                                            row.text("plan_id"),
                                            row.flag("drill"),
                                            PlanExecution.State.valueOf(row.text("state")),
                                            row.optionalText("reason"),
                                            PlanDocuments.points(row.text("points")),
                                            PlanDocuments.executionSteps(row.text("steps")),
                                            row.optionalText("client_token"),
                                            row.instant("started_at"),
                                            row.optionalInstant("completed_at")))
                    .held(execution -> Optional.of(execution.plan()));

    static final Table<Tags.Tag> TAGS =
            new Table<>(
                    "tags",
                    List.of("resource", "name"),
                    List.of("resource", "name", "value"),
                    tag ->
                            values(
                                    "resource", tag.resource(),
                                    "name", tag.name(),
                                    "value", tag.value()),
                    row -> new Tags.Tag(row.text("resource"), row.text("name"), row.text("value")));

    static final Table<Failback> FAILBACKS =
            new Table<>(
                    "failbacks",
                    List.of("instance_id"),
                    List.of(
                            "instance_id",
                            "state",
                            "reason",
                            "state_since",
                            "client",
                            "reached",
                            "last_point",
                            "verified",
                            "job_id",
                            "report",
                            "settings"),
                    failback ->
                            values(
                                    "instance_id", failback.instance(),
                                    "state", failback.state().name(),
                                    "reason", failback.reason(),
                                    "state_since", failback.stateSince(),
                                    "client", failback.client().map(Documents::ofClient),
                                    "reached", failback.reached(),
                                    "last_point", failback.lastPoint().map(Documents::ofPoint),
                                    "verified", Documents.ofCompared(failback.verified()),
                                    "job_id", failback.job(),
                                    "report", failback.report().map(Documents::ofReport),
                                    "settings", Documents.ofFailbackSettings(failback.settings())),
                    row ->
                            new Failback(
                                    row.text("instance_id"),
                                    FailbackState.valueOf(row.text("state")),
                                    row.text("reason"),
                                    row.instant("state_since"),
                                    row.optionalText("client").map(Documents::client),
                                    row.optionalNumber("reached"),
                                    row.optionalText("last_point").map(Documents::point),
                                    row.optionalText("verified")
                                            .map(Documents::compared)
                                            .orElse(List.of()),
                                    row.optionalText("job_id"),
                                    row.optionalText("report").map(Documents::report),
                                    Documents.failbackSettings(row.text("settings"))));

    static final Table<Settings.Kept> SETTINGS =
            new Table<>(
                            "settings",
                            List.of("resource", "kind"),
                            List.of("resource", "kind", "created_at", "settings"),
                            (Settings.Kept kept) ->
                                    values(
                                            "resource", kept.resource(),
                                            "kind", kept.kind(),
                                            "created_at", kept.createdAt(),
                                            "settings", kept.settings()),
                            row ->
                                    new Settings.Kept(
                                            row.text("resource"),
                                            row.text("kind"),
                                            row.instant("created_at"),
                                            row.text("settings")))
                    .heldThrough("resource");

    static final Table<LaunchAction> LAUNCH_ACTIONS =
            new Table<>(
                    "launch_actions",
                    List.of("resource", "id"),
                    List.of(
                            "resource",
                            "id",
                            "position",
                            "script",
                            "optional",
                            "active",
                            "parameters",
                            "document"),
                    action ->
                            values(
                                    "resource", action.resource(),
                                    "id", action.id(),
                                    "position", (long) action.order(),
                                    "script", action.script(),
                                    "optional", action.optional() ? 1L : 0L,
                                    "active", action.active() ? 1L : 0L,
                                    "parameters", SettingsDocuments.ofTexts(action.parameters()),
                                    "document", action.document()),
                    row ->
                            new LaunchAction(
                                    row.text("resource"),
                                    row.text("id"),
                                    Math.toIntExact(row.number("position")),
                                    row.text("script"),
                                    row.flag("optional"),
                                    row.flag("active"),
                                    SettingsDocuments.texts(row.text("parameters")),
                                    row.text("document")));

    private static final List<Table<?>> OWN =
            List.of(
                    VERSIONS,
                    TOKENS,
                    SERVERS,
                    JOBS,
                    PHASES,
                    INSTANCES,
                    EXPORTS,
                    PLANS,
                    EXECUTIONS,
                    TAGS,
                    SETTINGS,
                    LAUNCH_ACTIONS,
                    FAILBACKS,
                    ServerMachines.ROWS,
                    Elsewhere.ROWS);

    static final List<Table<?>> ALL =
            Stream.concat(OWN.stream(), NetworkTables.ALL.stream()).toList();

    private Tables() {}

    /// @param position in the order of the job's phases, from 0
    record PhaseRow(String job, long position, Job.Phase phase) {}

    private static Optional<String> error(ReplicationState state) {
        return state instanceof ReplicationState.Stalled(var error)
                ? Optional.of(error)
                : Optional.empty();
    }

    private static Optional<JobState.Started> lease(JobState state) {
        return state instanceof JobState.Started started ? Optional.of(started) : Optional.empty();
    }

    private static JobState jobState(Row row) {
        var name = row.text("state");
        return switch (name) {
            case "PENDING" -> new JobState.Pending();
            case "STARTED" ->
                    new JobState.Started(row.text("lease_owner"), row.instant("lease_until"));
            case "COMPLETED" -> new JobState.Completed();
            case "FAILED" -> new JobState.Failed();
            default -> throw new IllegalArgumentException("unknown state of a job " + name);
        };
    }

    /// Column and value by turns; instants become milliseconds, an empty [Optional] null.
    static Map<String, @Nullable Object> values(Object... columnsAndValues) {
        var values = new HashMap<String, @Nullable Object>();
        for (var i = 0; i < columnsAndValues.length; i += 2) {
            values.put((String) columnsAndValues[i], stored(columnsAndValues[i + 1]));
        }
        return values;
    }

    private static @Nullable Object stored(Object value) {
        return switch (value) {
            case Optional<?> optional -> optional.isPresent() ? stored(optional.get()) : null;
            case Instant instant -> instant.toEpochMilli();
            case Object plain -> plain;
        };
    }
}
