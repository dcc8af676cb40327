package holdfast.control;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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

    /// Works on all parts of the job at a time, each on a thread of its own, and waits for all.
    /// When one is interrupted or lost the lease, all stop.
    ///
    /// @return why parts failed, in the order of the parts
    <T> List<String> each(List<T> parts, Part<T> work) throws IOException, InterruptedException {
        var failures = new ArrayList<String>();
        try (var threads =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name(job.id() + "-", 0).factory())) {
            var pending = new ArrayList<Future<Optional<String>>>();
            for (var part : parts) {
                pending.add(threads.submit(() -> work.run(part)));
            }
            try {
                for (var one : pending) {
                    result(one).ifPresent(failures::add);
                }
            } finally {
                pending.forEach(one -> one.cancel(true)); // those that are left, in their order
            }
        }
        return failures;
    }

    private static Optional<String> result(Future<Optional<String>> future)
            throws IOException, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case InterruptedException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null -> throw new IllegalStateException(e);
                case Throwable cause -> throw new IllegalStateException(cause);
            }
        }
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

    /// Works on one part of a job.
    @FunctionalInterface
    interface Part<T> {
        /// @return why it failed, if it did
        Optional<String> run(T part) throws IOException, InterruptedException;
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
