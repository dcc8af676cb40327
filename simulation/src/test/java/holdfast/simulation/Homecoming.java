package holdfast.simulation;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.failback.SimulatedClient;
import holdfast.replication.AgentReport;
import holdfast.replication.ComparedDisk;
import holdfast.replication.DiskFacts;
import holdfast.replication.FailbackHost;
import holdfast.replication.MachineFacts;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.DamagedDataException;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// A recovery instance that comes home: its guest writes to branches, a failback client follows
/// them, and in the end the guest stops and the client's disks must equal what it left.
///
/// Plays the control plane's part, which outlives the server process. What it holds the client to:
/// disks that it calls equal to a point are, on stable storage, and it never says that it is
/// complete when a byte differs.
final class Homecoming implements FailbackHost {
    static final String INSTANCE = "i-home";
    static final String CLIENT = "fbc-home";

    private final Ground ground;
    private final Ledger ledger;
    private final SplittableRandom random;
    private final HomeMachine home;
    private final SourceMachine machine;
    private final boolean wanted;
    private final Map<String, BranchModel> models = new LinkedHashMap<>();
    private Optional<ConsistencyPoint> origin = Optional.empty();
    private Optional<ConsistencyPoint> last = Optional.empty();
    private Optional<VolumeStore> store = Optional.empty();
    private boolean finishing;
    private boolean completed;

    /// @param machine whose recovery instance it is
    /// @param wanted whether there is one in this world
    Homecoming(
            Ground ground,
            Ledger ledger,
            SourceMachine machine,
            HomeMachine home,
            boolean wanted,
            SplittableRandom random) {
        this.ground = ground;
        this.machine = machine;
        this.wanted = wanted;
        this.ledger = ledger;
        this.home = home;
        this.random = random;
    }

    /// The server was started (again).
    void opened(VolumeStore opened) {
        store = Optional.of(opened);
        models.values().forEach(BranchModel::restarted);
    }

    /// The operator asks for the end: the guest stops, and its last point is to be brought home.
    void finish() {
        finishing = true;
    }

    /// Whether anything is left for the guest to do.
    boolean isGoingOn() {
        return wanted && last.isEmpty();
    }

    /// The last point, if the failback is recorded as completed with it.
    Optional<ConsistencyPoint> completedWith() {
        return last.filter(_ -> completed);
    }

    /// What the guest and the job that launched it do next. Called by a thread of the server.
    void act() throws IOException {
        var opened = store.orElseThrow();
        try {
            if (!isLaunched()) {
                launch(opened);
            } else if (last.isEmpty()) {
                run(opened);
            }
        } catch (DamagedDataException e) {
            if (!ledger.rotten && !ledger.syncsFail) {
                throw new BrokenInvariantException(
                        Invariant.NO_WRONG_BYTE, "damage without a cause: " + e.getMessage());
            }
        }
    }

    private boolean isLaunched() {
        return models.size() == machine.device.length;
    }

    /// Branches what is missing: a crash may have come in between.
    private void launch(VolumeStore opened) throws IOException {
        if (origin.isEmpty()) {
            origin = opened.newestPoint(machine.serverId);
        }
        if (origin.isEmpty()) {
            return;
        }
        for (var parent : of(opened, machine.serverId)) {
            if (models.containsKey(parent.name())) {
                continue;
            }
            var there = find(opened, parent.name());
            try {
                if (there.isEmpty()) {
                    opened.branch(parent.id(), origin.get().sequence(), INSTANCE, parent.name());
                }
            } catch (RefusalException e) {
                restart(opened); // the point was reclaimed meanwhile
                return;
            }
            models.put(
                    parent.name(),
                    new BranchModel(
                            INSTANCE + parent.name(), -1 - models.size(), ledger, random.split()));
        }
    }

    private void restart(VolumeStore opened) throws IOException {
        for (var branch : of(opened, INSTANCE)) {
            opened.delete(branch.id());
        }
        models.clear();
        origin = Optional.empty();
    }

    private static List<Volume> of(VolumeStore opened, String owner) {
        return opened.volumes().stream().filter(v -> v.owner().equals(owner)).toList();
    }

    private static Optional<Volume> find(VolumeStore opened, String name) {
        return of(opened, INSTANCE).stream().filter(v -> v.name().equals(name)).findFirst();
    }

    private void run(VolumeStore opened) throws IOException {
        for (var branch : of(opened, INSTANCE)) {
            var model = model(branch);
            try (var guest = opened.openBranch(branch.id())) {
                model.use(guest);
                if (finishing) {
                    model.flush(guest);
                }
            }
        }
        if (finishing) {
            last = Optional.of(opened.branchPoint(INSTANCE));
            ground.log("the last point of the instance is " + last.get().sequence());
        }
    }

    private BranchModel model(Volume branch) {
        var model = models.get(branch.name());
        if (model == null) {
            throw new IllegalStateException(branch + " is not ours");
        }
        return model;
    }

    @Override
    public boolean isClient(String name) {
        return name.equals(CLIENT);
    }

    @Override
    public Followed begin(String clientId, MachineFacts machine, List<DiskFacts> disks) {
        refuseIfCompleted();
        var branches = new ArrayList<Volume>();
        for (var disk : disks) {
            branches.add(
                    find(store.orElseThrow(), disk.name())
                            .filter(_ -> models.containsKey(disk.name()))
                            .orElseThrow(
                                    () -> new RefusalException("instance-starting", "not yet")));
        }
        return new Followed(INSTANCE, branches);
    }

    private void refuseIfCompleted() {
        if (completed) {
            throw new RefusalException("failback-completed", "it is completed");
        }
    }

    @Override
    public Turn nextPoint(String clientId) throws IOException {
        refuseIfCompleted();
        return last.isPresent()
                ? new Turn(last.get(), true)
                : new Turn(store.orElseThrow().branchPoint(INSTANCE), false);
    }

    @Override
    public long bytesPerSecondMax(String clientId) {
        return 0;
    }

    @Override
    public void reported(String clientId, AgentReport report) {}

    /// The client says so after it has synced, and writes nothing until this is answered.
    @Override
    public void reached(String clientId, long sequence) throws IOException {
        if (home.isAtRest() && random.nextInt(3) == 0) {
            told(() -> check(sequence, false));
        }
    }

    @Override
    public void verified(String clientId, long sequence, List<ComparedDisk> disks)
            throws IOException {
        var differing = disks.stream().mapToLong(ComparedDisk::differingBytes).sum();
        if (last.isEmpty() || last.get().sequence() != sequence) {
            throw new RefusalException("failback-not-finishing", "begin the last round again");
        }
        if (differing == 0) {
            told(() -> {
                if (!home.isAtRest()) {
                    throw new BrokenInvariantException(
                            Invariant.FAILED_BACK_IS_EQUAL,
                            "disks that are called complete are not on stable storage");
                }
                check(sequence, true);
            });
            completed = true;
            ground.log("the failback is completed");
        }
    }

    /// A session would take what is thrown here for its own failure, and end: the world is told.
    private void told(Check check) throws IOException {
        try {
            check.run();
        } catch (BrokenInvariantException e) {
            ground.broke(e);
            throw e;
        }
    }

    @FunctionalInterface
    private interface Check {
        void run() throws IOException;
    }

    private void check(long sequence, boolean isLast) throws IOException {
        for (var branch : of(store.orElseThrow(), INSTANCE)) {
            long[] wanted;
            try (var view = store.orElseThrow().view(branch.id(), sequence)) {
                wanted = ledger.sectors(view);
            } catch (DamagedDataException e) {
                if (ledger.rotten || ledger.syncsFail) {
                    return;
                }
                throw e;
            }
            if (isLast) {
                model(branch).check(wanted);
            }
            var found = home.sectors(branch.name());
            for (var sector = 0; sector < wanted.length; sector++) {
                if (found[sector] != wanted[sector] && (isLast || !home.isMisled())) {
                    throw new BrokenInvariantException(
                            Invariant.FAILED_BACK_IS_EQUAL,
                            String.format(
                                    "%s is called equal to point %d%s; its sector %d holds %d, and %d there",
                                    branch.name(),
                                    sequence,
                                    isLast ? " and complete" : "",
                                    sector,
                                    found[sector],
                                    wanted[sector]));
                }
            }
        }
    }

    @Override
    public void ended(String clientId, Optional<String> error) {
        ground.log("session of " + clientId + " ended: " + error.orElse("in order"));
    }

    /// The disks to be written.
    static List<SimulatedClient.Disk> disks(SourceMachine machine) {
        var disks = new ArrayList<SimulatedClient.Disk>();
        for (var disk = 0; disk < machine.device.length; disk++) {
            var name = SourceMachine.path(disk).toString();
            disks.add(
                    new SimulatedClient.Disk(
                            name,
                            HomeMachine.file(name),
                            (long) machine.blocks() * Blocks.BLOCK_BYTES));
        }
        return disks;
    }
}
