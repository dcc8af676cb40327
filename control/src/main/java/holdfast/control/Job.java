package holdfast.control;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A piece of work that outlives the controller that began it.
///
/// @param id `job-` and 17 hex digits
/// @param reason of the last change of state
/// @param attempts how many controllers have begun or continued it
public record Job(
        String id,
        JobRequest request,
        JobState state,
        String reason,
        int attempts,
        Instant createdAt,
        Optional<Instant> endedAt,
        Optional<JobResult> result) {
    /// A part of a job, with its times: what the recovery time is made of.
    ///
    /// @param server whose part; empty if it concerns none
    /// @param detail in words
    public record Phase(
            String server,
            String name,
            Instant startedAt,
            Optional<Instant> endedAt,
            String detail) {}

    /// A job with what belongs to it.
    ///
    /// @param instances ids of those it launched or ended
    public record View(Job job, List<Phase> phases, List<String> instances) {
        public View {
            phases = List.copyOf(phases);
            instances = List.copyOf(instances);
        }
    }

    Job claimed(String owner, Instant leaseUntil) {
        var why = attempts == 0 ? "begun by " + owner : "taken over by " + owner;
        return new Job(
                id,
                request,
                new JobState.Started(owner, leaseUntil),
                why,
                attempts + 1,
                createdAt,
                endedAt,
                result);
    }

    /// @throws IllegalStateException if it is not started: only who holds the lease renews it
    Job renewed(Instant leaseUntil) {
        if (!(state instanceof JobState.Started(var owner, _))) {
            throw new IllegalStateException("job " + id + " is " + state.name());
        }
        return new Job(
                id,
                request,
                new JobState.Started(owner, leaseUntil),
                reason,
                attempts,
                createdAt,
                endedAt,
                result);
    }

    Job released(Instant now) {
        var free = renewed(now);
        return new Job(id, request, free.state(), reason, attempts - 1, createdAt, endedAt, result);
    }

    Job with(JobResult found) {
        return new Job(
                id, request, state, reason, attempts, createdAt, endedAt, Optional.of(found));
    }

    Job ended(JobState end, String why, Instant now) {
        if (!end.ended() || state.ended()) {
            throw new IllegalStateException(
                    String.format(Locale.ROOT, "job %s: %s -> %s", id, state.name(), end.name()));
        }
        return new Job(id, request, end, why, attempts, createdAt, Optional.of(now), result);
    }
}
