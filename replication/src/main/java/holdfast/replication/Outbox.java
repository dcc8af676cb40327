package holdfast.replication;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What a session still has to tell its agent. Of each kind only the newest is kept, since it says
/// all that the older ones said, and answers are bounded: a peer that does not read costs no
/// memory.
///
/// Safe for any thread; one thread runs [#run], which does all the writing.
final class Outbox {
    /// Answers that may wait to be written.
    private static final int ANSWERS_MAX = 4;

    private final TimeSource time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final EnumMap<FrameType, Frame> newest = new EnumMap<>(FrameType.class);
    private final ArrayDeque<Frame> answers = new ArrayDeque<>();
    private Optional<Long> writingSince = Optional.empty();
    private boolean finished;

    Outbox(TimeSource time) {
        this.time = time;
    }

    /// Sends the frame, instead of one of its kind that still waits.
    void tell(Frame frame) {
        lock.lock();
        try {
            if (!finished) {
                newest.put(FrameEncoder.typeOf(frame), frame);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Sends an answer; waits while too many are unwritten.
    void answer(Frame answer) throws InterruptedException {
        lock.lock();
        try {
            while (answers.size() >= ANSWERS_MAX && !finished) {
                changed.await();
            }
            if (!finished) {
                answers.add(answer);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Lets go of what waits; what is sent last is the failure, if there is one. Later calls do
    /// nothing.
    void finish(Optional<Frame.Failure> failure) {
        lock.lock();
        try {
            if (!finished) {
                newest.clear();
                answers.clear();
                failure.ifPresent(frame -> newest.put(FrameType.ERROR, frame));
                finished = true;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Since when the network has not taken what it was given, by the monotonic clock; empty when
    /// it has taken all.
    Optional<Long> writingSince() {
        lock.lock();
        try {
            return writingSince;
        } finally {
            lock.unlock();
        }
    }

    /// Writes until [#finish], then tells the peer that nothing more comes.
    void run(TlsConnection connection) throws IOException, InterruptedException {
        var out = new WireOutput();
        while (gather(out)) {
            out.writeTo(connection.output());
        }
        connection.finishOutput();
    }

    /// @return false if nothing will come any more
    private boolean gather(WireOutput out) throws InterruptedException {
        lock.lock();
        try {
            writingSince = Optional.empty();
            while (!finished && newest.isEmpty() && answers.isEmpty()) {
                changed.await();
            }
            if (newest.isEmpty() && answers.isEmpty()) {
                return false;
            }
            newest.values().forEach(frame -> FrameEncoder.encode(frame, out));
            answers.forEach(answer -> FrameEncoder.encode(answer, out));
            newest.clear();
            answers.clear();
            writingSince = Optional.of(time.nanoTime());
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }
}
