package holdfast.control;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Which servers are recovered after which.
///
/// @param id `plan-` and 17 hex digits
/// @param clientToken by which a repeated request to make it is known
/// @param steps in their order
public record RecoveryPlan(
        String id,
        String name,
        String description,
        Optional<String> clientToken,
        List<Step> steps,
        Instant createdAt,
        Instant updatedAt) {
    /// @param id `st-` and 17 hex digits
    public record Step(
            String id,
            String name,
            StepWork work,
            Optional<String> clientToken,
            Instant createdAt,
            Instant updatedAt) {}

    /// A plan, and whether it can be run.
    ///
    /// @param missing servers that it names and that there are no more
    public record View(RecoveryPlan plan, List<String> missing) {
        public View {
            missing = List.copyOf(missing);
        }
    }

    public RecoveryPlan {
        steps = List.copyOf(steps);
    }

    RecoveryPlan named(String newName, String newDescription, Instant now) {
        return new RecoveryPlan(id, newName, newDescription, clientToken, steps, createdAt, now);
    }

    RecoveryPlan with(List<Step> newSteps, Instant now) {
        return new RecoveryPlan(id, name, description, clientToken, newSteps, createdAt, now);
    }

    Optional<Step> step(String step) {
        return steps.stream().filter(known -> known.id().equals(step)).findFirst();
    }

    List<String> servers() {
        var servers = new ArrayList<String>();
        steps.forEach(step -> servers.addAll(step.work().servers()));
        return servers;
    }
}
