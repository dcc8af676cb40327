package holdfast.control;

import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import holdfast.volume.ConsistencyPoint;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/// Finishes failbacks, all of a job at a time: stop machine → last round → verify.
///
/// Once the machine is stopped its branches do not change any more, and the point made then is the
/// last. The failback client does the rest; this waits for it, and for as long as it gets on.
final class FailbackWork {
    /// A client from which nothing comes for so long has failed.
    private static final Duration SILENCE_MAX = Duration.ofMinutes(5);

    /// A machine that runs elsewhere has its writes brought to rest, and the rest of them sent.
    private static final Duration LAST_ROUND_WITHIN = Duration.ofMinutes(5);

    private static final Duration LOOK = Duration.ofMillis(200);

    private final Failbacks failbacks;
    private final ElsewhereInstances elsewhere;
    private final MachineHost host;
    private final TimeSource time;
    private final Duration stopTimeout;

    /// @param stopTimeout how long a machine may take to shut down before it is ended
    FailbackWork(
            Failbacks failbacks,
            ElsewhereInstances elsewhere,
            MachineHost host,
            TimeSource time,
            Duration stopTimeout) {
        this.failbacks = failbacks;
        this.elsewhere = elsewhere;
        this.host = host;
        this.time = time;
        this.stopTimeout = stopTimeout;
    }

    JobOutcome run(JobRun run, JobRequest.Failback request)
            throws IOException, InterruptedException {
        var failures = run.each(request.endings(), one -> finish(run, one));
        return failures.isEmpty()
                ? JobOutcome.succeeded("failed back")
                : JobOutcome.failed(String.join("; ", failures));
    }

    /// @return why it failed, if it did
    private Optional<String> finish(JobRun run, JobRequest.Ending one)
            throws IOException, InterruptedException {
        var id = one.instance();
        // Phases are told apart by server and name, and a server may have several instances.
        var suffix = " " + id;
        JobRun.Failure failure = (tx, why) -> failbacks.failed(tx, id, why);
        try {
            run.phase(
                    one.server(),
                    "stop machine" + suffix,
                    () -> stop(run, one, "stop machine" + suffix),
                    failure);
            run.phase(
                    one.server(),
                    "last round" + suffix,
                    () -> awaitLastRound(run, one, "last round" + suffix),
                    failure);
            run.phase(
                    one.server(),
                    "verify" + suffix,
                    () -> awaitVerification(run, one, "verify" + suffix),
                    failure);
        } catch (JobRun.StepFailedException e) {
            return Optional.of(id + ": " + e.getMessage());
        }
        var failback = failbacks.get(id).failback();
        return failback.state() == FailbackState.COMPLETED
                ? Optional.empty()
                : Optional.of(id + ": " + failback.reason());
    }

    private Database.Work<String> stop(JobRun run, JobRequest.Ending one, String phase)
            throws IOException, InterruptedException {
        var id = one.instance();
        if (elsewhere.find(id).isPresent()) {
            var last =
                    elsewhere.finish(
                            id, LAST_ROUND_WITHIN, said -> run.progress(one.server(), phase, said));
            return stopped(id, last, "its agent made the last round");
        }
        var orderly = host.stop(id, stopTimeout);
        return stopped(id, elsewhere.point(id), orderly ? "it shut down" : "it was ended");
    }

    private Database.Work<String> stopped(String id, ConsistencyPoint last, String how) {
        return tx -> {
            var instance = Instances.require(tx, id);
            if (instance.state() != InstanceState.STOPPED) {
                Instances.change(
                        tx,
                        instance,
                        InstanceState.Event.STOPPED_FOR_FAILBACK,
                        "stopped, so that its disks can be failed back");
            }
            failbacks.stopped(tx, id, last);
            return String.format(Locale.ROOT, "%s; its last point is %s", how, last.id());
        };
    }

    private Database.Work<String> awaitLastRound(JobRun run, JobRequest.Ending one, String phase)
            throws IOException, InterruptedException {
        await(
                run,
                one,
                phase,
                failback ->
                        failback.state() == FailbackState.COMPLETED
                                || failback.lastPoint()
                                        .filter(last ->
                                                failback.reached()
                                                        .equals(Optional.of(last.sequence())))
                                        .isPresent());
        return _ -> "the client's disks equal the last point";
    }

    private Database.Work<String> awaitVerification(JobRun run, JobRequest.Ending one, String phase)
            throws IOException, InterruptedException {
        await(run, one, phase, failback -> failback.state() == FailbackState.COMPLETED);
        var verified = failbacks.get(one.instance()).failback().verified();
        var bytes = verified.stream().mapToLong(disk -> disk.comparedBytes()).sum();
        return _ ->
                String.format(
                        Locale.ROOT,
                        "%d disks, %d bytes read back, all equal",
                        verified.size(),
                        bytes);
    }

    /// @throws IOException if the failback ended otherwise, or its client makes no progress
    private void await(JobRun run, JobRequest.Ending one, String phase, Predicate<Failback> done)
            throws IOException, InterruptedException {
        var view = failbacks.get(one.instance());
        var movedNanos = time.nanoTime();
        while (!done.test(view.failback())) {
            if (view.failback().state() != FailbackState.FINISHING) {
                throw new IOException(view.failback().reason());
            }
            if (time.nanoTime() - movedNanos > SILENCE_MAX.toNanos()) {
                throw new IOException(
                        String.format(
                                Locale.ROOT,
                                "the failback client made no progress for %d s: see its log, then finish the failback again",
                                SILENCE_MAX.toSeconds()));
            }
            run.progress(
                    one.server(),
                    phase,
                    view.connected()
                            ? view.report().map(report -> report.detail()).orElse("connected")
                            : "the client is away");
            time.sleep(LOOK);
            var next = failbacks.get(one.instance());
            if (!Objects.equals(next.report(), view.report())
                    || !next.failback().equals(view.failback())) {
                movedNanos = time.nanoTime();
            }
            view = next;
        }
    }
}
