package holdfast.cli;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/// Waits for a job of the server and tells what it does: one line for each phase that ended, and on
/// a terminal a line for the one at work.
///
/// A server that goes away is waited for: jobs outlive its restart.
final class JobFollower {
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration ABSENCE_MAX = Duration.ofMinutes(1);

    private final ApiClient api;
    private final Terminal terminal;
    private final TimeSource time;
    private final Consumer<String> lines;
    private final Set<String> told = new HashSet<>();

    /// @param lines takes a line for each phase that ended
    JobFollower(ApiClient api, Context context, Consumer<String> lines) {
        this.api = api;
        this.terminal = context.terminal();
        this.time = context.time();
        this.lines = lines;
    }

    /// The job as it ended, COMPLETED or FAILED.
    ///
    /// @throws UnreachableException if the server stays away for a minute
    Answer await(Answer started) throws IOException, InterruptedException {
        var job = started;
        while (true) {
            tell(job);
            switch (job.text("state")) {
                case "COMPLETED", "FAILED" -> {
                    return job;
                }
                default -> time.sleep(POLL);
            }
            job = poll(job.text("id"));
        }
    }

    private Answer poll(String id) throws IOException, InterruptedException {
        var since = time.nanoTime();
        while (true) {
            try {
                return api.get(ApiClient.path("jobs", id));
            } catch (UnreachableException e) {
                if (time.nanoTime() - since > ABSENCE_MAX.toNanos()) {
                    throw e;
                }
                terminal.progress("  the server does not answer; waiting for it");
                time.sleep(POLL);
            }
        }
    }

    private void tell(Answer job) {
        var several = job.list("servers").size() > 1;
        for (var phase : job.list("phases")) {
            var server = phase.text("server");
            var name = several ? server + " " + phase.text("name") : phase.text("name");
            var ended = phase.instant("endedAt");
            if (ended.isEmpty()) {
                terminal.progress(line(name, phase, time.now()));
            } else if (told.add(server + " " + name)) {
                lines.accept(line(name, phase, ended.get()));
            }
        }
    }

    private static String line(String name, Answer phase, Instant until) {
        var took = phase.instant("startedAt").map(from -> Duration.between(from, until));
        var shown = took.filter(span -> !span.isNegative()).map(Units::span).orElse("");
        return String.format(Locale.ROOT, "  %-10s %10s  %s", name, shown, phase.text("detail"))
                .stripTrailing();
    }
}
