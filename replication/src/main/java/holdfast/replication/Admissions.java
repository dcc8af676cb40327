package holdfast.replication;

import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Volume;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/// Gives agents their sessions: one a server, and no more than allowed in all. Safe for any thread.
final class Admissions {
    private static final System.Logger LOG = System.getLogger(Admissions.class.getName());

    /// Questions about a volume's allocation before it counts as not empty.
    private static final int QUESTIONS_MAX = 1024;

    /// Far less than the time that an opening may take; an agent answers within milliseconds.
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(8);

    private final Services services;
    private final Semaphore free;
    private final ConcurrentHashMap<String, Seat> seats = new ConcurrentHashMap<>();
    private volatile boolean stopping;

    Admissions(Services services) {
        this.services = services;
        this.free = new Semaphore(services.limits().sessionsMax());
    }

    /// Serves an agent until its session ends.
    ///
    /// @param guest leaves the lobby when the session begins
    /// @throws TurnedAwayException if it is to be told why it cannot have a session
    void serve(Arrival arrival, Lobby.Guest guest)
            throws TurnedAwayException, InterruptedException {
        var seat = seats.computeIfAbsent(arrival.serverId(), _ -> new Seat());
        if (!services.failbacks().isClient(arrival.serverId())) {
            admit(arrival, seat);
        }
        var epoch = seat.claim(arrival.connection().peer());
        seat.turn.lock();
        try {
            seat.check(epoch);
            if (!free.tryAcquire()) {
                throw new TurnedAwayException(Failures.busy(services.limits().sessionsMax()));
            }
            try {
                serve(arrival, guest, seat, epoch);
            } finally {
                free.release();
            }
        } finally {
            seat.turn.unlock();
        }
    }

    /// Before the seat is claimed: a copy of a machine must not end the session of the machine.
    private void admit(Arrival arrival, Seat seat)
            throws TurnedAwayException, InterruptedException {
        var newcomer =
                new Newcomer(
                        arrival.begin().machine(),
                        String.valueOf(arrival.connection().peer()),
                        () -> {
                            var session = seat.current;
                            return session.isPresent() && session.get().answers(ANSWER_WITHIN);
                        });
        try {
            services.host().admit(arrival.serverId(), newcomer);
        } catch (RefusalException e) {
            throw new TurnedAwayException(Failures.refused(e));
        } catch (IOException e) {
            throw new TurnedAwayException(Failures.storage(e));
        }
    }

    /// Called every second or so.
    ///
    /// @param problem says by the owner of volumes why nothing of them is acknowledged; nothing
    ///   when all is well
    void watch(UnaryOperator<String> problem) {
        for (var session : sessions()) {
            session.status(problem.apply(session.owner()));
            session.watch();
        }
    }

    /// Ends all sessions, also those that are about to begin.
    void stop() {
        stopping = true;
        sessions().forEach(session -> session.end(Failures.stopping()));
    }

    private List<PeerSession> sessions() {
        return seats.values().stream().flatMap(seat -> seat.current.stream()).toList();
    }

    /// A peer that may have its session.
    ///
    /// @param description what it is told first
    /// @param began told of the session before it is served
    /// @param ended told why the session ended
    private record Admitted(
            ReplicationLink.Session description,
            SessionWork.Maker work,
            Consumer<PeerSession> began,
            Consumer<Optional<String>> ended) {}

    private void serve(Arrival arrival, Lobby.Guest guest, Seat seat, long epoch)
            throws TurnedAwayException, InterruptedException {
        var serverId = arrival.serverId();
        var admitted =
                services.failbacks().isClient(serverId)
                        ? admitClient(serverId, arrival.begin())
                        : admitAgent(serverId, arrival, seat);
        var error = Optional.of("the session did not begin");
        LOG.log(
                System.Logger.Level.INFO,
                "event=session-begun server={0} epoch={1} peer={2} disks={3}",
                serverId,
                Long.toString(epoch),
                arrival.connection().peer(),
                Integer.toString(admitted.description().disks().size()));
        try (var share = services.credit().join()) {
            var name = serverId + "-" + epoch;
            var owner = admitted.description().serverId();
            var session = new PeerSession(name, owner, arrival, admitted.work(), services, share);
            seat.current = Optional.of(session);
            if (stopping) {
                session.end(Failures.stopping());
            }
            seat.successor(epoch).ifPresent(by -> session.end(Failures.superseded(by)));
            guest.close();
            admitted.began().accept(session);
            error = session.run(admitted.description());
        } finally {
            seat.current = Optional.empty();
            LOG.log(
                    System.Logger.Level.INFO,
                    "event=session-ended server={0} epoch={1} error={2}",
                    serverId,
                    Long.toString(epoch),
                    error.orElse("none"));
            admitted.ended().accept(error);
        }
    }

    private Admitted admitAgent(String serverId, Arrival arrival, Seat seat)
            throws TurnedAwayException {
        var begun = begin(serverId, arrival.begin());
        var volumes = begun.volumes();
        var host = services.host();
        try {
            services.store().mend(serverId);
            var replica = services.store().identity(serverId);
            var description = describe(serverId, begun, replica, seat.written);
            return new Admitted(
                    description,
                    (outbox, release) ->
                            new RequestLine(
                                    serverId,
                                    volumes,
                                    replica,
                                    seat.written,
                                    services,
                                    outbox,
                                    release),
                    session -> {
                        host.began(serverId, session);
                        host.certified(serverId, arrival.certificate().expiresAt());
                    },
                    error -> host.ended(serverId, error));
        } catch (IOException e) {
            host.ended(serverId, Optional.of("storage-failure: " + e.getMessage()));
            throw new TurnedAwayException(Failures.storage(e));
        }
    }

    private Admitted admitClient(String clientId, Frame.Begin begin) throws TurnedAwayException {
        try {
            var followed = services.failbacks().begin(clientId, begin.machine(), begin.disks());
            var disks = new ArrayList<ReplicationLink.Session.Disk>();
            for (var branch : followed.branches()) {
                disks.add(new ReplicationLink.Session.Disk(branch.id().text(), false, -1));
            }
            return new Admitted(
                    new ReplicationLink.Session(
                            followed.instance(),
                            services.store().identity(followed.instance()),
                            disks),
                    (outbox, release) ->
                            new BranchLine(clientId, followed, services, outbox, release),
                    _ -> {},
                    error -> services.failbacks().ended(clientId, error));
        } catch (RefusalException e) {
            throw new TurnedAwayException(Failures.refused(e));
        } catch (IOException e) {
            throw new TurnedAwayException(Failures.storage(e));
        }
    }

    private ReplicationHost.Begun begin(String serverId, Frame.Begin begin)
            throws TurnedAwayException {
        try {
            var begun = services.host().begin(serverId, begin.machine(), begin.disks());
            if (begun.volumes().size() != begin.disks().size()) {
                throw new IllegalStateException(
                        begun.volumes().size() + " volumes for " + begin.disks().size() + " disks");
            }
            return begun;
        } catch (RefusalException e) {
            throw new TurnedAwayException(Failures.refused(e));
        } catch (IOException e) {
            throw new TurnedAwayException(Failures.storage(e));
        }
    }

    private ReplicationLink.Session describe(
            String serverId, ReplicationHost.Begun begun, String replica, WrittenVolumes written)
            throws IOException {
        var store = services.store();
        var lastRound = store.newestPoint(serverId).map(ConsistencyPoint::round).orElse(-1L);
        var disks = new ArrayList<ReplicationLink.Session.Disk>();
        for (var volume : begun.volumes()) {
            var empty = !written.contains(volume.id()) && isEmpty(volume);
            disks.add(new ReplicationLink.Session.Disk(volume.id().text(), empty, lastRound));
        }
        // another identity is another replica to an agent that knew it before: it compares
        var identity = begun.boots() == 0 ? replica : replica + "/" + begun.boots();
        return new ReplicationLink.Session(serverId, identity, disks);
    }

    private boolean isEmpty(Volume volume) throws IOException {
        try (var view = services.store().head(volume.id())) {
            var offset = 0L;
            for (var i = 0; i < QUESTIONS_MAX && offset < view.sizeBytes(); i++) {
                for (var run : view.allocation(offset, view.sizeBytes() - offset)) {
                    if (run.data()) {
                        return false;
                    }
                    offset = run.offsetBytes() + run.lengthBytes();
                }
            }
            return offset >= view.sizeBytes();
        }
    }

    /// A server's place. Whoever came last may sit; the epoch says who that is.
    private static final class Seat {
        private final ReentrantLock turn = new ReentrantLock();
        private final WrittenVolumes written = new WrittenVolumes();
        private volatile Optional<PeerSession> current = Optional.empty();
        private long epoch;
        private Optional<SocketAddress> newest = Optional.empty();

        /// Ends the session that sits here, and those that wait.
        synchronized long claim(SocketAddress peer) {
            epoch++;
            newest = Optional.of(peer);
            current.ifPresent(older -> older.end(Failures.superseded(peer)));
            return epoch;
        }

        /// Who came after the one of this epoch.
        synchronized Optional<SocketAddress> successor(long ofEpoch) {
            return ofEpoch == epoch ? Optional.empty() : newest;
        }

        void check(long ofEpoch) throws TurnedAwayException {
            var by = successor(ofEpoch);
            if (by.isPresent()) {
                throw new TurnedAwayException(Failures.superseded(by.get()));
            }
        }
    }
}
