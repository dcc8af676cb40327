package holdfast.aws.drs;

import holdfast.aws.drs.model.DescribeJobsRequestFilters;
import holdfast.base.RefusalException;
import holdfast.control.Controller;
import holdfast.control.Job;
import holdfast.control.JobRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which jobs are asked for. Verifications and scrubs are no jobs of the service.
final class JobFilter {
    /// Jobs are kept for 30 days.
    private static final int JOBS_MAX = 100_000;

    private JobFilter() {}

    static List<Job.View> selected(
            Controller controller, @Nullable DescribeJobsRequestFilters filters)
            throws IOException {
        var all =
                candidates(controller, filters == null ? null : filters.jobIDs()).stream()
                        .filter(view -> isOfTheService(view.job()))
                        .toList();
        if (filters == null) {
            return all;
        }
        var from = Times.parse("filters.fromDate", filters.fromDate());
        var to = Times.parse("filters.toDate", filters.toDate());
        return all.stream()
                .filter(view -> from == null || !view.job().createdAt().isBefore(from))
                .filter(view -> to == null || !view.job().createdAt().isAfter(to))
                .toList();
    }

    /// Clients that wait for a job ask for it by its id, again and again.
    private static List<Job.View> candidates(Controller controller, @Nullable List<String> ids)
            throws IOException {
        if (ids == null || ids.isEmpty()) {
            return controller.jobs().list(JOBS_MAX);
        }
        var found = new ArrayList<Job.View>();
        for (var id : Set.copyOf(ids)) {
            try {
                found.add(controller.jobs().get(Ids.ourJob(id)));
            } catch (RefusalException _) {
                // one that is not known is just not listed
            }
        }
        return found;
    }

    static void delete(Controller controller, String id) throws IOException {
        var ours = Ids.ourJob(id);
        if (!isOfTheService(controller.jobs().get(ours).job())) {
            throw DrsRules.notFound("job", id, "no job " + id);
        }
        controller.jobs().delete(ours);
    }

    static boolean isOfTheService(Job job) {
        return switch (job.request()) {
            case JobRequest.Recover _,
                    JobRequest.Terminate _,
                    JobRequest.Failback _,
                    JobRequest.Networks _ ->
                    true;
            case JobRequest.Start _, JobRequest.Verify _, JobRequest.Scrub() -> false;
        };
    }
}
