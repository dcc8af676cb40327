package holdfast.control;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One controller's work on one job, while it holds the lease.
///
/// A phase is a step whose outcome and end are written in one transaction, so that a controller
/// which takes the job over finds the step either undone, and does it again, or done.
final class JobRun {
    private final Job job;
    private final String controller;
    private final Jobs jobs;

    JobRun(Job job, String controller, Jobs jobs) {
        this.job = job;
        this.controller = controller;
        this.jobs = jobs;
    }

    Job job() {
        return job;
    }

    /// Runs a phase unless it has ended already.
    ///
    /// @param failure written in the transaction that ends the phase, if the step fails
    /// @throws StepFailedException if it failed, once that is written
    void phase(String server, String name, Step step, Failure failure)
            throws IOException, InterruptedException {
        if (!jobs.beginPhase(job.id(), controller, server, name)) {
            return;
        }
        Database.Work<String> outcome;
        try {
            outcome = step.run();
        } catch (DatabaseException e) {
            throw e; // nothing can be written now; whoever holds the lease next tries again
        } catch (IOException | RefusalException e) {
            var why = String.valueOf(e.getMessage());
            this.<@Nullable Void>write(tx -> {
                failure.record(tx, why);
                jobs.endPhase(tx, job.id(), server, name, "failed: " + why);
                return null;
            });
            throw new StepFailedException(name, why);
        }
        this.<@Nullable Void>write(tx -> {
            jobs.endPhase(tx, job.id(), server, name, outcome.run(tx));
            return null;
        });
    }

    /// Records what the job found out, in the transaction that ends the phase which found it.
    void found(Transaction tx, JobResult result) throws DatabaseException {
        jobs.found(tx, job.id(), result);
    }

    /// What the job found out so far, whichever controller did.
    Optional<JobResult> found() throws IOException {
        return jobs.get(job.id()).job().result();
    }

    /// Says how a phase under way is doing.
    void progress(String server, String name, String detail) {
        jobs.progress(job.id(), server, name, detail);
    }

    /// Runs the work in one transaction, if the lease is still held.
    <T extends @Nullable Object> T write(Database.Work<T> work) throws IOException {
        return jobs.holding(job.id(), controller, work);
    }

    /// Acts on the world; safe to do again after a crash at any point of it.
    @FunctionalInterface
    interface Step {
        /// @return writes the outcome and returns the phase's detail
        Database.Work<String> run() throws IOException, InterruptedException;
    }

    /// Records that a step failed.
    @FunctionalInterface
    interface Failure {
        /// For steps whose failure is told by the phase and the job alone.
        Failure NONE = (_, _) -> {};

        void record(Transaction tx, String why) throws IOException;
    }

    /// A step failed, and that was written.
    static final class StepFailedException extends IOException {
        private static final long serialVersionUID = 1L;

        StepFailedException(String phase, String why) {
            super(phase + ": " + why);
        }
    }
}
