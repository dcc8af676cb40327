package holdfast.agent;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RefusalException;
import holdfast.replication.certificates.UntrustedCertificateException;
import holdfast.tracking.Trackers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The agent of a source server: enrols once, then replicates the server's disks until it is told
/// to stop. It may be killed at any moment: nothing that was acknowledged is sent again, nothing
/// that was not is forgotten.
///
/// Run by one platform thread; [#stop] may be called from any other. Used once.
public final class Agent {
    private static final System.Logger LOG = System.getLogger(Agent.class.getName());
    private static final long STOP_SECONDS_MAX = 10;

    private final AgentSettings settings;
    private final AgentSeams seams;
    private final StatusBoard board;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable Protection> protection = new AtomicReference<>();
    private volatile @Nullable Thread runner;
    private volatile boolean stopping;

    public Agent(AgentSettings settings, AgentSeams seams) {
        this.settings = settings;
        this.seams = seams;
        this.board = new StatusBoard(seams.time(), settings.pace().pointWithin());
    }

    /// Enrols if this machine is not enrolled yet, and replicates. Returns after [#stop]; or when
    /// the operator has disconnected this server, and then nothing of the agent is left on it; or
    /// when this recovery instance has been failed back.
    ///
    /// @throws RefusalException if what is asked for cannot be done; the message says why and what
    ///   to do
    /// @throws IOException if it cannot start
    public void run() throws IOException {
        runner = Thread.currentThread();
        try {
            // before the state directory, which is left as it was, and before enrolling, which uses
            // the token up: what cannot work
            new DiskProbe(seams.disks()).probe(settings.disks());
            if (!StateDirectory.mayKnow(seams.files(), settings.stateDirectory())) {
                requireAdmission();
            }
            protect();
        } catch (InterruptedException e) {
            if (!stopping) {
                throw new IOException("the agent was interrupted", e);
            }
            LOG.log(System.Logger.Level.INFO, "agent=stopped");
        } finally {
            ended.countDown();
        }
    }

    private void protect() throws IOException, InterruptedException {
        try (var state = StateDirectory.open(seams.files(), settings.stateDirectory())) {
            var probe = new MachineProbe(seams.root(), seams.version());
            var enrolled = enrolled(state, probe);
            new StagingArea(DiskPlacement.local()).requireElsewhere(enrolled, settings.disks());
            board.identity(enrolled.identity().name(), enrolled.replicationAddress());
            try (var _ =
                    StatusSocket.open(
                            seams.network(),
                            settings.stateDirectory(),
                            () -> board.status().toJson())) {
                replicate(state, enrolled, probe);
            } catch (DisconnectedException e) {
                uninstall(state, settings.stateDirectory());
                LOG.log(System.Logger.Level.WARNING, "agent=uninstalled ({0})", e.getMessage());
            } catch (FinishedException e) {
                LOG.log(System.Logger.Level.WARNING, "agent=finished ({0})", e.getMessage());
            }
        }
    }

    private StateDirectory.Enrolled enrolled(StateDirectory state, MachineProbe probe)
            throws IOException, InterruptedException {
        var known = state.enrolled();
        if (known.isPresent()) {
            requireValid(state, known.get());
            return known.get();
        }
        requireAdmission();
        var enrolled =
                new Enrolment(seams.time(), seams.random())
                        .enrol(
                                settings.server().orElseThrow(),
                                settings.admission().orElseThrow(),
                                probe.hostname());
        state.enrolled(enrolled);
        LOG.log(System.Logger.Level.INFO, "server={0} enrolled", enrolled.identity().name());
        return enrolled;
    }

    private void requireAdmission() {
        if (settings.server().isEmpty() || settings.admission().isEmpty()) {
            throw new RefusalException(
                    "not-enrolled",
                    settings.stateDirectory()
                            + " holds no identity yet: give --server and --token, made by"
                            + " `holdfast token create` on the server");
        }
    }

    /// An agent that runs when its certificate expires says so and goes on trying; one that starts
    /// with an expired one has somebody who reads what it says.
    private void requireValid(StateDirectory state, StateDirectory.Enrolled enrolled) {
        try {
            enrolled.identity().checkValid(seams.time().now());
        } catch (UntrustedCertificateException e) {
            throw new RefusalException(
                    "certificate-invalid",
                    "this agent's "
                            + e.getMessage()
                            + "; it is in "
                            + state.identityFile()
                            + ": to enrol again, delete that file and give --server and --token");
        }
    }

    /// What cannot be opened at the start is an error. Later, when a disk was resized or the
    /// tracker lost its sight, it is tried again until it works.
    private void replicate(
            StateDirectory state, StateDirectory.Enrolled enrolled, MachineProbe probe)
            throws IOException, InterruptedException, DisconnectedException, FinishedException {
        try (var worker =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("agent-renewal").factory())) {
            var renewal =
                    new Renewal(
                            enrolled.identity(),
                            state::renewed,
                            seams.time(),
                            seams.random(),
                            board,
                            worker);
            var lost = new LostConnections(seams.random());
            replicate(new Replica(enrolled.replicationAddress(), renewal, lost), probe);
        }
    }

    private void replicate(Replica replica, MachineProbe probe)
            throws IOException, InterruptedException, DisconnectedException, FinishedException {
        var opened = new Protection(settings, seams, board);
        while (true) {
            String reason;
            try (var current = opened) {
                protection.set(current);
                reason = current.replicate(replica, probe);
            } finally {
                protection.set(null);
            }
            opened = reopen(reason);
        }
    }

    private Protection reopen(String firstReason) throws InterruptedException {
        var backOff = new BackOff(seams.random());
        for (var reason = firstReason; ; ) {
            var pause = backOff.next();
            LOG.log(System.Logger.Level.WARNING, "disks=reopening ({0})", reason);
            board.waiting(reason, seams.time().now().plus(pause));
            seams.time().sleep(pause);
            try {
                return new Protection(settings, seams, board);
            } catch (IOException | RefusalException e) {
                reason = String.valueOf(e.getMessage());
            }
        }
    }

    /// Ends [#run] in order, and waits for its end a moment. A round under way is given up: what it
    /// sent is sent again by the next agent, unless it was acknowledged.
    public void stop() {
        stopping = true;
        var running = runner;
        if (running == null) {
            return;
        }
        running.interrupt();
        var current = protection.get();
        if (current != null) {
            current.cut(); // writing to a socket does not heed the interrupt
        }
        try {
            if (!ended.await(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "agent=slow-to-stop");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Asks the agent that runs on a state directory how it stands.
    ///
    /// @return one JSON object; see [AgentStatus#toJson]
    /// @throws IOException if none answers
    public static String status(Network network, Path stateDirectory) throws IOException {
        return StatusSocket.ask(network, stateDirectory);
    }

    /// Undoes what an agent left on this machine: tracking in the kernel, and its identity. For
    /// when the machine is no longer to be protected; what the server holds stays there.
    ///
    /// @throws RefusalException if an agent is running, or there was none
    public static void uninstall(Filesystem files, Path stateDirectory) throws IOException {
        if (!files.exists(stateDirectory)) {
            throw new RefusalException(
                    "no-agent", "no agent has been here: there is no " + stateDirectory);
        }
        try (var state = StateDirectory.open(files, stateDirectory)) {
            uninstall(state, stateDirectory);
        }
    }

    private static void uninstall(StateDirectory state, Path stateDirectory) throws IOException {
        Trackers.discard(AgentSeams.trackerName(stateDirectory));
        state.delete();
    }
}
