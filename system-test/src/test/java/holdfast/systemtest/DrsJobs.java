package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.JobStatus;
import software.amazon.awssdk.services.drs.model.LaunchStatus;
import software.amazon.awssdk.services.drs.model.ParticipatingServer;

/// Follows jobs as a client does, and says of one that goes wrong how far it came.
///
/// @param lab whose server runs
record DrsJobs(Lab lab, DrsClient client) {
    /// More than a machine gets for its boot, so that a job ends by itself and says what it waited
    /// for.
    private static final Duration MAX = Duration.ofMinutes(7);

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final int CONSOLE_LINES = 5;

    Job get(String id) {
        return client.describeJobs(r -> r.filters(f -> f.jobIDs(id))).items().getFirst();
    }

    Job awaitEnd(Job started) throws IOException, InterruptedException {
        var deadline = lab.time.nanoTime() + MAX.toNanos();
        while (true) {
            var job = get(started.jobID());
            if (job.status() == JobStatus.COMPLETED) {
                return job;
            }
            if (lab.time.nanoTime() - deadline >= 0) {
                throw new AssertionError("goes on after " + MAX + ": " + story(job));
            }
            lab.time.sleep(LOOK_EVERY);
        }
    }

    /// Of a job with one server.
    ///
    /// @return what became of it, which is an instance that runs, or is ready to
    ParticipatingServer awaitLaunched(Job started) throws IOException, InterruptedException {
        var job = awaitEnd(started);
        var participant = job.participatingServers().getFirst();
        if (participant.launchStatus() != LaunchStatus.LAUNCHED) {
            throw new AssertionError(story(job));
        }
        return participant;
    }

    void terminate(String instance) throws IOException, InterruptedException {
        var job = client.terminateRecoveryInstances(r -> r.recoveryInstanceIDs(instance)).job();
        var ended = awaitEnd(job);
        assertThat(ended.participatingServers().getFirst().launchStatus())
                .as("%s", ended)
                .isEqualTo(LaunchStatus.TERMINATED);
    }

    private String story(Job job) throws IOException, InterruptedException {
        var ours = "/jobs/" + job.jobID().replaceFirst("^drs", "");
        var story = new StringBuilder(lab.installation.api().get(ours).toString());
        for (var participant : job.participatingServers()) {
            var instance = participant.recoveryInstanceID();
            var console = lab.installation.data().resolve("evidence/" + instance + "/console.log");
            if (instance != null && Files.exists(console)) {
                story.append("\n  the console of ").append(instance).append(" ends: ");
                story.append(
                        String.join("\n    ", end(Files.readString(console).lines().toList())));
            }
        }
        return story.toString();
    }

    private static List<String> end(List<String> lines) {
        return lines.subList(Math.max(0, lines.size() - CONSOLE_LINES), lines.size());
    }
}
