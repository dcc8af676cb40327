package holdfast.replication;

import holdfast.format.PackedExtent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// What a link has to send, and what it has sent and waits for.
///
/// Requests wait for credit before they get in, and few get in at a time, so what waits here is
/// bounded; while the network is busy they gather, and leave in larger frames. Of reports and pings
/// only the newest is kept. Safe for any thread.
final class LinkOutbox {
    /// Frames of extents are closed at this size.
    private static final int FRAME_BYTES = 256 << 10;

    /// Cost of the requests that may wait to be sent.
    private static final long WAITING_MAX = 2L << 20;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Outgoing> waiting = new ArrayDeque<>();
    private final EnumMap<FrameType, Frame> newest = new EnumMap<>(FrameType.class);
    private final ArrayDeque<Unacknowledged> unacknowledged = new ArrayDeque<>();
    private final Map<Long, Answer<?>> unanswered = new HashMap<>();
    private @Nullable IOException failure;
    private boolean finished;
    private long waitingCost;
    private long creditLimit;
    private long spent;
    private long lastNumber;
    private long extentsCost;

    /// A request that has no number yet.
    private sealed interface Outgoing {
        int cost();
    }

    private record Data(int disk, PackedExtent extent, Runnable durable) implements Outgoing {
        @Override
        public int cost() {
            return Wire.cost(extent);
        }
    }

    /// Something that is acknowledged once it is recorded.
    private record Message(LongFunction<Frame.Request> frame, CompletableFuture<Void> recorded)
            implements Outgoing {
        @Override
        public int cost() {
            return Wire.REQUEST_COST;
        }
    }

    private record Question(LongFunction<Frame.Request> frame, int cost, Answer<?> answer)
            implements Outgoing {}

    /// @param recorded completes when it is acknowledged, if it is a message
    private record Unacknowledged(
            long number, List<Runnable> durable, Optional<CompletableFuture<Void>> recorded) {}

    LinkOutbox(long creditLimit) {
        this.creditLimit = creditLimit;
    }

    /// Waits for credit, and for room.
    ///
    /// @param durable for whoever takes it from [#acknowledged] to run
    void add(int disk, PackedExtent extent, Runnable durable)
            throws IOException, InterruptedException {
        enqueue(new Data(disk, extent, durable));
    }

    /// Waits for credit, and for room.
    ///
    /// @param frame makes the frame for the number it is given
    CompletableFuture<Void> add(LongFunction<Frame.Request> frame)
            throws IOException, InterruptedException {
        var recorded = new CompletableFuture<Void>();
        enqueue(new Message(frame, recorded));
        return recorded;
    }

    /// Waits for credit, and for room.
    ///
    /// @param frame makes the frame for the number it is given
    <T> CompletableFuture<T> add(LongFunction<Frame.Request> frame, int cost, Answer<T> answer)
            throws IOException, InterruptedException {
        lock.lock();
        try {
            extentsCost += answer.extentsCost();
        } finally {
            lock.unlock();
        }
        enqueue(new Question(frame, cost, answer));
        return answer.future();
    }

    /// Sends the frame soon, instead of one of its kind that still waits.
    ///
    /// @throws IOException if the link is dead
    void tell(Frame frame) throws IOException {
        lock.lock();
        try {
            check();
            newest.put(FrameEncoder.typeOf(frame), frame);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The replicator allows requests of that cost in all.
    void credit(long limit) {
        lock.lock();
        try {
            creditLimit = Math.max(creditLimit, limit);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @return what is to be run now that everything up to this number is durable
    List<Runnable> acknowledged(long number) throws ProtocolException {
        var durable = new ArrayList<Runnable>();
        lock.lock();
        try {
            checkSent(number);
            while (!unacknowledged.isEmpty() && unacknowledged.getFirst().number() <= number) {
                durable.addAll(unacknowledged.removeFirst().durable());
            }
            return durable;
        } finally {
            lock.unlock();
        }
    }

    /// Called before memory is taken for an extent from the replicator.
    ///
    /// @throws ProtocolException if it is more than was asked for
    void expect(int cost) throws ProtocolException {
        lock.lock();
        try {
            extentsCost -= cost;
            if (extentsCost < 0) {
                throw new ProtocolException("was sent more than it asked for");
            }
        } finally {
            lock.unlock();
        }
    }

    /// Takes an answer, or a part of one, to the question of that number.
    void answered(long number, Frame frame) throws ProtocolException {
        Answer<?> answer;
        lock.lock();
        try {
            checkSent(number);
            answer = unanswered.get(number);
        } finally {
            lock.unlock();
        }
        if (answer == null) {
            throw new ProtocolException(
                    FrameEncoder.typeOf(frame) + " to what was not asked: number " + number);
        }
        if (answer.take(frame)) { // outside the lock, since it runs whatever waits for it
            lock.lock();
            try {
                unanswered.remove(number);
            } finally {
                lock.unlock();
            }
        }
    }

    /// Sends nothing more but a goodbye, not even what waits.
    void finish() {
        lock.lock();
        try {
            if (!finished && failure == null) {
                finished = true;
                newest.clear();
                newest.put(FrameType.GOODBYE, new Frame.Goodbye());
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Ends everything: who waits is told the cause, and who comes later too. The first cause
    /// stands.
    void fail(IOException cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = cause;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Why the link is dead, or is about to be.
    IOException failure() {
        lock.lock();
        try {
            return failure == null ? new IOException("the link was closed") : failure;
        } finally {
            lock.unlock();
        }
    }

    /// After [#fail]: the futures that nothing will complete any more.
    List<CompletableFuture<?>> abandon() {
        lock.lock();
        try {
            var futures = new ArrayList<CompletableFuture<?>>();
            for (var request : waiting) {
                switch (request) {
                    case Data _ -> {}
                    case Message message -> futures.add(message.recorded());
                    case Question question -> futures.add(question.answer().future());
                }
            }
            unacknowledged.forEach(request -> request.recorded().ifPresent(futures::add));
            unanswered.values().forEach(answer -> futures.add(answer.future()));
            return futures;
        } finally {
            lock.unlock();
        }
    }

    /// Gathers what is to be written next; waits for something.
    ///
    /// @return false if nothing will come any more
    boolean gather(WireOutput out) throws InterruptedException {
        lock.lock();
        try {
            while (failure == null && !finished && newest.isEmpty() && waiting.isEmpty()) {
                changed.await();
            }
            if (failure != null || (finished && newest.isEmpty())) {
                return false;
            }
            newest.values().forEach(frame -> FrameEncoder.encode(frame, out));
            newest.clear();
            var first = finished ? null : waiting.poll();
            if (first != null) {
                gather(first, out);
                changed.signalAll();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void gather(Outgoing first, WireOutput out) {
        waitingCost -= first.cost();
        var number = ++lastNumber;
        switch (first) {
            case Data data -> FrameEncoder.encode(extents(number, data), out);
            case Message(var frame, var recorded) -> {
                Runnable complete = () -> recorded.complete(null);
                unacknowledged.add(
                        new Unacknowledged(number, List.of(complete), Optional.of(recorded)));
                FrameEncoder.encode(frame.apply(number), out);
            }
            case Question(var frame, _, var answer) -> {
                unanswered.put(number, answer);
                FrameEncoder.encode(frame.apply(number), out);
            }
        }
    }

    /// Extents of one disk that wait one after the other travel together.
    private Frame.Extents extents(long number, Data first) {
        var extents = new ArrayList<PackedExtent>();
        var durable = new ArrayList<Runnable>();
        extents.add(first.extent());
        durable.add(first.durable());
        var bytes = first.cost();
        while (bytes < FRAME_BYTES
                && extents.size() < Wire.EXTENTS_MAX
                && waiting.peek() instanceof Data next
                && next.disk() == first.disk()) {
            waiting.remove();
            waitingCost -= next.cost();
            bytes += next.cost();
            extents.add(next.extent());
            durable.add(next.durable());
        }
        unacknowledged.add(new Unacknowledged(number, durable, Optional.empty()));
        return new Frame.Extents(number, first.disk(), extents);
    }

    private void enqueue(Outgoing request) throws IOException, InterruptedException {
        var cost = request.cost();
        lock.lock();
        try {
            check();
            while (spent + cost > creditLimit
                    || (waitingCost > 0 && waitingCost + cost > WAITING_MAX)) {
                changed.await();
                check();
            }
            spent += cost;
            waitingCost += cost;
            waiting.add(request);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void check() throws IOException {
        if (failure != null) {
            throw new IOException(failure.getMessage(), failure);
        }
        if (finished) {
            throw new IOException("the link was closed");
        }
    }

    private void checkSent(long number) throws ProtocolException {
        if (number > lastNumber) {
            throw new ProtocolException(
                    "request " + number + " answered, the last one sent is " + lastNumber);
        }
    }
}
