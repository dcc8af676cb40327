package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Claims jobs and works on them, each on a virtual thread of its own, while renewing their leases.
///
/// Owns its threads. Started once and closed once.
final class JobEngine implements AutoCloseable {
    /// Jobs worked on at a time; further ones wait as rows.
    private static final int RUNNING_MAX = 16;

    private static final Duration POLL = Duration.ofMillis(100);

    private static final System.Logger LOG = System.getLogger("holdfast.jobs");

    private final String controller;
    private final Jobs jobs;
    private final TimeSource time;
    private final Work work;
    private final Map<String, Future<?>> running = new ConcurrentHashMap<>();
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("job-", 0).factory());

    /// @param controller identity of this process among those that share the database
    JobEngine(String controller, Jobs jobs, TimeSource time, Work work) {
        this.controller = controller;
        this.jobs = jobs;
        this.time = time;
        this.work = work;
    }

    void start() {
        threads.execute(this::claimForEver);
        threads.execute(this::renewForEver);
    }

    private void claimForEver() {
        try {
            while (true) {
                time.sleep(POLL);
                claimAll();
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private void claimAll() {
        try {
            while (running.size() < RUNNING_MAX) {
                var job = jobs.claim(controller);
                if (job.isEmpty()) {
                    return;
                }
                var id = job.get().id();
                // Entered before it can end and remove itself.
                running.computeIfAbsent(id, _ -> threads.submit(() -> runAndForget(job.get())));
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "claiming jobs: {0}", e.getMessage());
        }
    }

    private void runAndForget(Job job) {
        try {
            run(job);
        } finally {
            running.remove(job.id());
        }
    }

    /// Claims one job and works on it in the calling thread.
    ///
    /// @return whether there was one
    boolean runNext() throws IOException {
        var job = jobs.claim(controller);
        job.ifPresent(this::run);
        return job.isPresent();
    }

    private void run(Job job) {
        try {
            end(job, outcome(job));
        } catch (InterruptedException _) {
            release(job);
        } catch (IOException e) {
            // Not ours any more, or nothing can be written: the lease runs out, and then it is
            // taken up again.
            LOG.log(System.Logger.Level.WARNING, "job={0} left: {1}", job.id(), e.getMessage());
        }
    }

    private JobOutcome outcome(Job job) throws IOException, InterruptedException {
        try {
            return work.run(new JobRun(job, controller, jobs));
        } catch (DatabaseException e) {
            throw e;
        } catch (IOException | RefusalException e) {
            return JobOutcome.failed(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "job=" + job.id() + " broke an invariant", e);
            return JobOutcome.failed("a fault of Holdfast's own, see the server's log: " + e);
        }
    }

    private void end(Job job, JobOutcome outcome) throws IOException {
        jobs.end(
                job.id(),
                controller,
                outcome.succeeded() ? new JobState.Completed() : new JobState.Failed(),
                outcome.reason());
    }

    private void release(Job job) {
        try {
            jobs.release(job.id(), controller);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "job={0} left: {1}", job.id(), e.getMessage());
        }
    }

    private void renewForEver() {
        try {
            while (true) {
                time.sleep(Jobs.LEASE.dividedBy(3));
                running.forEach(this::renew);
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private void renew(String job, Future<?> thread) {
        try {
            if (!jobs.renew(job, controller)) {
                thread.cancel(true);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "job={0} not renewed: {1}", job, e.getMessage());
        }
    }

    /// Interrupts the jobs under way and waits for them; the next controller goes on with them.
    @Override
    public void close() {
        threads.shutdownNow();
        threads.close();
    }

    /// What the jobs do.
    @FunctionalInterface
    interface Work {
        JobOutcome run(JobRun run) throws IOException, InterruptedException;
    }
}
