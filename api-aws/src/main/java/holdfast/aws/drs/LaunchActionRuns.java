package holdfast.aws.drs;

import holdfast.aws.drs.model.LaunchAction;
import holdfast.aws.drs.model.LaunchActionRun;
import holdfast.aws.drs.model.LaunchActionRunStatus;
import holdfast.aws.drs.model.LaunchActionsStatus;
import holdfast.control.Job;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What became of the launch actions of one server in one job, from the job's phases.
final class LaunchActionRuns {
    private static final String PHASE = "action ";
    private static final String FAILED = "failed";

    /// What the model allows as a reason.
    private static final int REASON_CHARS_MAX = 256;

    private LaunchActionRuns() {}

    /// Those in whose instances some were run.
    static Set<String> servers(List<Job.View> views) {
        return views.stream()
                .flatMap(view -> view.phases().stream())
                .filter(phase -> phase.name().startsWith(PHASE))
                .map(Job.Phase::server)
                .collect(Collectors.toSet());
    }

    /// @param actions that there are now, by server
    /// @return null if none was run
    static @Nullable LaunchActionsStatus status(
            Map<String, List<holdfast.control.LaunchAction>> actions,
            Job.View view,
            String server) {
        var runs = new ArrayList<LaunchActionRun>();
        for (var phase : view.phases()) {
            if (phase.server().equals(server) && phase.name().startsWith(PHASE)) {
                var id = phase.name().substring(PHASE.length());
                runs.add(run(action(actions, server, id), view, phase));
            }
        }
        return runs.isEmpty() ? null : LaunchActionsStatus.builder().runs(runs).build();
    }

    /// One that was deleted since is known by its id only.
    private static LaunchAction action(
            Map<String, List<holdfast.control.LaunchAction>> actions, String server, String id) {
        return actions.getOrDefault(server, List.of()).stream()
                .filter(action -> action.id().equals(id))
                .findFirst()
                .map(LaunchActionTranslation::theirs)
                .orElseGet(() -> LaunchAction.builder().actionId(id).build());
    }

    private static LaunchActionRun run(LaunchAction action, Job.View view, Job.Phase phase) {
        var failed = phase.detail().startsWith(FAILED);
        LaunchActionRunStatus status;
        if (phase.endedAt().isEmpty()) {
            status = LaunchActionRunStatus.IN_PROGRESS;
        } else {
            status = failed ? LaunchActionRunStatus.FAILED : LaunchActionRunStatus.SUCCEEDED;
        }
        return LaunchActionRun.builder()
                .action(action)
                .runId(runId(view.job().id() + phase.server() + phase.name()))
                .status(status)
                .failureReason(
                        failed && phase.endedAt().isPresent() ? reason(phase.detail()) : null)
                .build();
    }

    /// The same whenever it is asked for.
    private static String runId(String run) {
        return UUID.nameUUIDFromBytes(run.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /// In the characters that the model allows; all of it is in the job's phases.
    private static String reason(String detail) {
        var plain = detail.replaceAll("[^0-9a-zA-Z ():/.,'_#*;-]", " ");
        return plain.substring(0, Math.min(plain.length(), REASON_CHARS_MAX));
    }
}
