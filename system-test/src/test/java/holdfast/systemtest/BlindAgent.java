package holdfast.systemtest;

import holdfast.agent.Admission;
import holdfast.agent.Agent;
import holdfast.agent.AgentSeams;
import holdfast.agent.AgentSettings;
import holdfast.base.BlockSet;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The agent, but for one step: it never finds that a block was written before it was read, and
/// calls every round a consistency point. Takes the arguments of `holdfast agent run`.
final class BlindAgent {
    private BlindAgent() {}

    public static void main(String[] arguments) throws IOException {
        var state = AgentSettings.STATE_DIRECTORY;
        Optional<URI> server = Optional.empty();
        Optional<String> token = Optional.empty();
        var disks = new ArrayList<Path>();
        for (var i = 2; i < arguments.length; i += 2) { // after `agent run`
            var value = arguments[i + 1];
            switch (arguments[i]) {
                case "--state" -> state = Path.of(value);
                case "--server" -> server = Optional.of(URI.create(value));
                case "--token" -> token = Optional.of(value);
                case "--disk" -> disks.add(Path.of(value));
                default -> throw new IllegalArgumentException(arguments[i]);
            }
        }
        var settings =
                new AgentSettings(
                        state,
                        disks,
                        server,
                        token.map(Admission.Token::new),
                        Optional.empty(),
                        OptionalLong.empty(),
                        Optional.empty(),
                        AgentSettings.Pacing.USUAL,
                        AgentSettings.Resources.USUAL);
        var seams = AgentSeams.system(settings, "blind");
        new Agent(
                        settings,
                        new AgentSeams(
                                seams.time(),
                                seams.random(),
                                seams.files(),
                                seams.network(),
                                seams.disks(),
                                seams.root(),
                                seams.version(),
                                tracked -> new BlindTracker(seams.trackers().open(tracked)),
                                seams.links(),
                                seams.freezer()))
                .run();
    }

    private record BlindFlip(Flip flip) implements Flip {
        @Override
        public Instant instant() {
            return flip.instant();
        }

        @Override
        public long nanoTime() {
            return flip.nanoTime();
        }

        @Override
        public BitSet writtenSince(int disk, long firstBlock, int blockCount) {
            return new BitSet();
        }

        @Override
        public boolean isProven(int disk) {
            return true;
        }
    }

    private record BlindTracker(Tracker tracker) implements Tracker {
        @Override
        public Flip flip() throws TrackerException {
            return new BlindFlip(tracker.flip());
        }

        @Override
        public Kind kind() {
            return tracker.kind();
        }

        @Override
        public String explanation() {
            return tracker.explanation();
        }

        @Override
        public List<TrackedDisk> disks() {
            return tracker.disks();
        }

        @Override
        public BlockSet pending(int disk) {
            return tracker.pending(disk);
        }

        @Override
        public BlockSet changed(int disk) {
            return tracker.changed(disk);
        }

        @Override
        public long changedSinceFlip(int disk) {
            return tracker.changedSinceFlip(disk);
        }

        @Override
        public Optional<String> distrust(int disk) {
            return tracker.distrust(disk);
        }

        @Override
        public void trust(int disk) {
            tracker.trust(disk);
        }

        @Override
        public byte[] memo() {
            return tracker.memo();
        }

        @Override
        public void memo(byte[] note) {
            tracker.memo(note);
        }

        @Override
        public void discard() {
            tracker.discard();
        }

        @Override
        public void close() {
            tracker.close();
        }
    }
}
