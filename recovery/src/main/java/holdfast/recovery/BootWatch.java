package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// Watches one machine until it has booted, has come to a halt, or time is up. Used by one thread,
/// which closes it.
final class BootWatch implements AutoCloseable {
    /// How it ended.
    ///
    /// @param evidence as in [BootProof#evidence]
    record Outcome(boolean proven, String evidence) {}

    /// The machine as the watch sees it.
    interface Subject {
        boolean running() throws IOException;

        /// Resumes the machine if an error of a disk's server has halted it.
        ///
        /// @return whether it was halted
        boolean resume();
    }

    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    private static final Duration TELL_EVERY = Duration.ofSeconds(1);
    private static final Duration RESUME_EVERY = Duration.ofSeconds(2);
    private static final int PIECES_PER_LOOK = 4;
    private static final int LINE_CHARS_MAX = 200;

    private final TimeSource time;
    private final Subject subject;
    private final Consumer<String> progress;
    private final GrowingLog consoleLog;
    private final GrowingLog firmwareLog;
    private final GuestAgentWatch agent;
    private final ConsoleText console = new ConsoleText();
    private final ConsoleText firmware = new ConsoleText();
    private String told = "";

    BootWatch(
            Filesystem filesystem,
            Network network,
            TimeSource time,
            MachineDirectory directory,
            Subject subject,
            Consumer<String> progress) {
        this.time = time;
        this.subject = subject;
        this.progress = progress;
        this.consoleLog = new GrowingLog(filesystem, directory.consoleLog());
        this.firmwareLog = new GrowingLog(filesystem, directory.firmwareLog());
        this.agent = new GuestAgentWatch(network, time, directory.guestAgent());
    }

    Outcome await(Duration timeout) throws IOException, InterruptedException {
        var started = time.nanoTime();
        var nextTell = started;
        var nextResume = started + RESUME_EVERY.toNanos();
        while (true) {
            var running = subject.running(); // before the logs, so that the last words are read
            var outcome = look();
            if (outcome.isPresent()) {
                return outcome.get();
            }
            if (!running) {
                return unproven("the machine ended");
            }
            var now = time.nanoTime();
            if (now - started >= timeout.toNanos()) {
                return unproven("no sign of a boot within " + timeout.toSeconds() + " s");
            }
            if (now - nextTell >= 0) {
                tell(console.lastLine());
                nextTell = now + TELL_EVERY.toNanos();
            }
            if (now - nextResume >= 0) {
                if (subject.resume()) {
                    tell("halted by an error of a disk; resumed");
                }
                nextResume = now + RESUME_EVERY.toNanos();
            }
            time.sleep(LOOK_EVERY);
        }
    }

    @Override
    public void close() {
        agent.close();
    }

    private Optional<Outcome> look() throws IOException {
        for (var pieces = 0; pieces < PIECES_PER_LOOK; pieces++) { // a guest may never stop talking
            var sign = console.accept(consoleLog.next());
            if (sign.isPresent()) {
                return Optional.of(outcome(sign.get()));
            }
        }
        // A BIOS shows on the display only what UEFI firmware also says on the serial console.
        var sign = firmware.accept(firmwareLog.next());
        if (sign.isPresent() && sign.get() instanceof BootSign.Halt halt) {
            return Optional.of(outcome(halt));
        }
        return agent.answered()
                ? Optional.of(new Outcome(true, "guest agent answered"))
                : Optional.empty();
    }

    private static Outcome outcome(BootSign sign) {
        return switch (sign) {
            case BootSign.LoginPrompt(var prompt) ->
                    new Outcome(true, "login prompt on the serial console: \"" + prompt + '"');
            case BootSign.Halt(var line) ->
                    new Outcome(false, "the machine came to a halt: \"" + cut(line) + '"');
        };
    }

    private Outcome unproven(String why) {
        var last = console.lastLine();
        return new Outcome(
                false,
                last.isEmpty()
                        ? why + "; its serial console said nothing"
                        : why + "; its serial console said last: \"" + cut(last) + '"');
    }

    private void tell(String line) {
        if (!line.isEmpty() && !line.equals(told)) {
            told = line;
            progress.accept(cut(line));
        }
    }

    private static String cut(String line) {
        return line.substring(0, Math.min(line.length(), LINE_CHARS_MAX));
    }
}
