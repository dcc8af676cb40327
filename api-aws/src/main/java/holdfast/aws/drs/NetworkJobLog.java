package holdfast.aws.drs;

import holdfast.aws.drs.model.JobLogEvent;
import holdfast.aws.drs.model.JobLogEventData;
import holdfast.control.Job;
import holdfast.control.JobRequest;
import java.util.List;

/// What a phase of a job on source networks is in the service's log.
record NetworkJobLog(NetworkTranslation networks) {
    void add(List<JobLogTranslation.Entry> entries, Job.Phase phase, JobRequest.Networks request) {
        var target =
                request.targets().stream()
                        .filter(one -> one.network().equals(phase.server()))
                        .findFirst()
                        .orElseThrow();
        var resource = networks.data(target);
        var plain = JobLogEventData.builder().eventResourceData(resource).build();
        var error =
                JobLogEventData.builder()
                        .eventResourceData(resource)
                        .rawError(phase.detail())
                        .build();
        var events = events(phase.name());
        entries.add(new JobLogTranslation.Entry(phase.startedAt(), events.start(), plain));
        if (phase.endedAt().isEmpty()) {
            return;
        }
        var at = phase.endedAt().get();
        if (JobLogTranslation.failed(phase)) {
            entries.add(new JobLogTranslation.Entry(at, events.failure(), error));
            entries.add(new JobLogTranslation.Entry(at, JobLogEvent.NETWORK_RECOVERY_FAIL, error));
        } else {
            entries.add(new JobLogTranslation.Entry(at, events.end(), plain));
        }
    }

    private record Events(JobLogEvent start, JobLogEvent end, JobLogEvent failure) {}

    private static Events events(String phase) {
        return switch (phase) {
            case "deploy network" ->
                    new Events(
                            JobLogEvent.DEPLOY_NETWORK_CONFIGURATION_START,
                            JobLogEvent.DEPLOY_NETWORK_CONFIGURATION_END,
                            JobLogEvent.DEPLOY_NETWORK_CONFIGURATION_FAILED);
            case "update network" ->
                    new Events(
                            JobLogEvent.UPDATE_NETWORK_CONFIGURATION_START,
                            JobLogEvent.UPDATE_NETWORK_CONFIGURATION_END,
                            JobLogEvent.UPDATE_NETWORK_CONFIGURATION_FAILED);
            case "bind network" ->
                    new Events(
                            JobLogEvent.UPDATE_LAUNCH_TEMPLATE_START,
                            JobLogEvent.UPDATE_LAUNCH_TEMPLATE_END,
                            JobLogEvent.UPDATE_LAUNCH_TEMPLATE_FAILED);
            case String other -> throw new IllegalStateException("no event for the phase " + other);
        };
    }
}
