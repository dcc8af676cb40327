package holdfast.aws.drs;

import holdfast.aws.drs.model.JobLog;
import holdfast.aws.drs.model.JobLogEvent;
import holdfast.aws.drs.model.JobLogEventData;
import holdfast.aws.protocol.RequestContext;
import holdfast.base.RefusalException;
import holdfast.control.Controller;
import holdfast.control.Job;
import holdfast.control.JobRequest;
import holdfast.control.RecoveryInstance;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// What happened in a job, from its phases: each event at the time at which it happened.
record JobLogTranslation(Controller controller, RequestContext context) {
    private static final String FAILED = "failed: ";

    record Entry(Instant at, JobLogEvent event, JobLogEventData data) {}

    /// Oldest first. A job that there is not has none, since the operation cannot say so.
    List<JobLog> items(String id) throws IOException {
        Job.View view;
        try {
            view = controller.jobs().get(id);
        } catch (RefusalException _) {
            return List.of();
        }
        if (!JobFilter.isOfTheService(view.job())) {
            return List.of();
        }
        var entries = new ArrayList<Entry>();
        var nothing = JobLogEventData.builder().build();
        entries.add(new Entry(view.job().createdAt(), JobLogEvent.JOB_START, nothing));
        var instances = controller.instances().list();
        if (view.job().request() instanceof JobRequest.Networks request) {
            var networks = new NetworkJobLog(NetworkTranslation.of(controller, context));
            view.phases().forEach(phase -> networks.add(entries, phase, request));
            return logged(view.job(), entries);
        }
        for (var phase : view.phases()) {
            add(entries, phase, newPoint(view, phase.server()), instance(phase, view, instances));
        }
        return logged(view.job(), entries);
    }

    private static List<JobLog> logged(Job job, List<Entry> entries) {
        entries.sort(Comparator.comparing(Entry::at)); // stable: the end stays behind what it ends
        var nothing = JobLogEventData.builder().build();
        job.endedAt().ifPresent(at -> entries.add(new Entry(at, JobLogEvent.JOB_END, nothing)));
        return entries.stream()
                .map(entry ->
                        JobLog.builder()
                                .logDateTime(Times.text(entry.at()))
                                .event(entry.event())
                                .eventData(entry.data())
                                .build())
                .toList();
    }

    /// Of several that end in one job the phase's name tells which, but for the first.
    private static Optional<RecoveryInstance> instance(
            Job.Phase phase, Job.View view, List<RecoveryInstance> instances) {
        return instances.stream()
                .filter(instance -> phase.name().endsWith(instance.id()))
                .findFirst()
                .or(() ->
                        instances.stream()
                                .filter(instance -> view.instances().contains(instance.id()))
                                .filter(instance -> instance.server().equals(phase.server()))
                                .findFirst());
    }

    private static String kind(Job.Phase phase) {
        var name = phase.name().split(" i-", 2)[0];
        return name.startsWith("action ") ? "action" : name;
    }

    /// Whether a point was made for the job.
    private static boolean newPoint(Job.View view, String server) {
        return view.phases().stream()
                .filter(phase -> phase.server().equals(server) && phase.name().equals("take point"))
                .anyMatch(phase -> phase.endedAt().isPresent() && !failed(phase));
    }

    static boolean failed(Job.Phase phase) {
        return phase.endedAt().isPresent()
                && (phase.detail().startsWith(FAILED)
                        || phase.detail().startsWith("boot not proven"));
    }

    private static void add(
            List<Entry> entries,
            Job.Phase phase,
            boolean newPoint,
            Optional<RecoveryInstance> instance) {
        var failed = failed(phase);
        var data = JobLogEventData.builder().sourceServerID(phase.server());
        instance.ifPresent(one -> data.targetInstanceID(one.id()));
        var plain = data.build();
        var error = failed ? data.rawError(phase.detail()).build() : plain;
        var end = phase.endedAt();
        switch (kind(phase)) {
            case "take point" -> {
                entries.add(new Entry(phase.startedAt(), JobLogEvent.SNAPSHOT_START, plain));
                end.ifPresent(at ->
                        entries.add(
                                failed
                                        ? new Entry(at, JobLogEvent.SNAPSHOT_FAIL, error)
                                        : new Entry(at, JobLogEvent.SNAPSHOT_END, plain)));
            }
            case "pick point" -> {
                if (end.isPresent() && failed) {
                    entries.add(new Entry(end.get(), JobLogEvent.SERVER_SKIPPED, error));
                } else if (end.isPresent() && !newPoint) {
                    entries.add(new Entry(end.get(), JobLogEvent.USING_PREVIOUS_SNAPSHOT, plain));
                }
            }
            case "supersede", "attach network" -> {} // what ends has phases of its own
            case "branch" -> {
                if (failed) {
                    end.ifPresent(
                            at -> entries.add(new Entry(at, JobLogEvent.LAUNCH_FAILED, error)));
                }
            }
            case "launch", "boot", "action" -> {
                if (phase.name().equals("launch")) {
                    entries.add(new Entry(phase.startedAt(), JobLogEvent.LAUNCH_START, plain));
                }
                if (failed) {
                    end.ifPresent(
                            at -> entries.add(new Entry(at, JobLogEvent.LAUNCH_FAILED, error)));
                }
            }
            case "stop machine", "last round", "verify" -> {
                if (phase.name().startsWith("stop machine")) {
                    entries.add(new Entry(phase.startedAt(), JobLogEvent.LAUNCH_START, plain));
                }
                if (failed) {
                    end.ifPresent(
                            at -> entries.add(new Entry(at, JobLogEvent.LAUNCH_FAILED, error)));
                }
            }
            case "replace disks" -> {
                entries.add(new Entry(phase.startedAt(), JobLogEvent.CLEANUP_START, plain));
                end.ifPresent(at ->
                        entries.add(
                                failed
                                        ? new Entry(at, JobLogEvent.LAUNCH_FAILED, error)
                                        : new Entry(at, JobLogEvent.CLEANUP_END, plain)));
            }
            case "end machine" -> {
                entries.add(new Entry(phase.startedAt(), JobLogEvent.CLEANUP_START, plain));
                if (failed) {
                    end.ifPresent(
                            at -> entries.add(new Entry(at, JobLogEvent.CLEANUP_FAIL, error)));
                }
            }
            case "delete branches" ->
                    end.ifPresent(at ->
                            entries.add(
                                    failed
                                            ? new Entry(at, JobLogEvent.CLEANUP_FAIL, error)
                                            : new Entry(at, JobLogEvent.CLEANUP_END, plain)));
            case String other -> throw new IllegalStateException("no event for the phase " + other);
        }
    }
}
