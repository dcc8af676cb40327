package holdfast.aws.drs;

import holdfast.aws.drs.model.LastLaunchResult;
import holdfast.aws.drs.model.LaunchStatus;
import holdfast.control.Job;
import holdfast.control.JobState;
import holdfast.control.RecoveryInstance;
import java.util.Optional;

/// How the launch of one server in one job went.
final class Launches {
    private Launches() {}

    /// @param instance of that server and job, if it came so far, and was not launched into since
    static LaunchStatus status(Job job, Optional<RecoveryInstance> instance) {
        if (instance.isEmpty()) {
            return switch (job.state()) {
                case JobState.Pending() -> LaunchStatus.PENDING;
                case JobState.Started(_, _) -> LaunchStatus.IN_PROGRESS;
                case JobState.Completed() -> LaunchStatus.LAUNCHED; // or it would have failed
                case JobState.Failed() -> LaunchStatus.FAILED;
            };
        }
        return switch (instance.get().state()) {
            case LAUNCHING -> LaunchStatus.IN_PROGRESS;
            case RUNNING, STOPPED, TERMINATING -> LaunchStatus.LAUNCHED;
            case FAILED -> proven(instance.get()) ? LaunchStatus.LAUNCHED : LaunchStatus.FAILED;
            case TERMINATED -> LaunchStatus.TERMINATED;
        };
    }

    /// A machine that ended later was launched nevertheless.
    private static boolean proven(RecoveryInstance instance) {
        return instance.bootProof().filter(proof -> proof.proven()).isPresent();
    }

    /// How the launch ended for the server, whatever became of the machine since.
    static LastLaunchResult result(LaunchStatus status) {
        return switch (status) {
            case PENDING, IN_PROGRESS -> LastLaunchResult.PENDING;
            case LAUNCHED, TERMINATED -> LastLaunchResult.SUCCEEDED;
            case FAILED -> LastLaunchResult.FAILED;
        };
    }
}
