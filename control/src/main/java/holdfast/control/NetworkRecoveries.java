package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Which networks of the launch host source networks are recovered into: asked for by users, and
/// written by the jobs that do it. Safe for any thread.
public final class NetworkRecoveries {
    private static final int TARGETS_MAX = 100;

    private final Database database;
    private final NetworkStacks stacks;
    private final Jobs jobs;
    private final TimeSource time;

    /// A source network to be recovered.
    ///
    /// @param stack its name; empty for the one that the network is recovered into, or a new one
    public record Target(String network, Optional<String> stack) {}

    NetworkRecoveries(Database database, NetworkStacks stacks, Jobs jobs, TimeSource time) {
        this.database = database;
        this.stacks = stacks;
        this.jobs = jobs;
        this.time = time;
    }

    /// Begins to make networks on the launch host as they were captured, for their servers to be
    /// recovered into.
    ///
    /// @param asNew whether each gets a new stack, though it has one
    /// @throws RefusalException if one is unknown, was never captured or is being recovered, or a
    ///   stack is another's
    public Job.View recover(List<Target> targets, boolean asNew, Map<String, String> tags)
            throws IOException {
        var ids = targets.stream().map(Target::network).toList();
        if (ids.isEmpty() || ids.size() > TARGETS_MAX || new HashSet<>(ids).size() < ids.size()) {
            throw new RefusalException(
                    "malformed-request",
                    String.format(
                            Locale.ROOT,
                            "a recovery is of 1 to %d different source networks, %d were named",
                            TARGETS_MAX,
                            ids.size()));
        }
        return database.transact(tx -> {
            var chosen = new ArrayList<JobRequest.NetworkTarget>();
            for (var target : targets) {
                var network = SourceNetworks.requireIdle(tx, target.network());
                if (network.captured().isEmpty()) {
                    throw new RefusalException(
                            "network-not-captured",
                            "source network "
                                    + network.id()
                                    + " was never captured: start its replication, and wait until it is PROTECTED");
                }
                chosen.add(chosen(tx, network, target.stack(), asNew));
            }
            if (chosen.stream().map(JobRequest.NetworkTarget::stack).distinct().count()
                    < chosen.size()) {
                throw new RefusalException(
                        "malformed-request", "each source network needs a stack of its own");
            }
            var purpose =
                    chosen.stream().anyMatch(JobRequest.NetworkTarget::isNew)
                            ? JobRequest.NetworkPurpose.CREATE
                            : JobRequest.NetworkPurpose.UPDATE;
            return submit(tx, new JobRequest.Networks(purpose, chosen), tags);
        });
    }

    private static JobRequest.NetworkTarget chosen(
            Transaction tx, SourceNetwork network, Optional<String> wanted, boolean asNew)
            throws DatabaseException {
        if (asNew && wanted.isPresent()) {
            NetworkStacks.requireFree(tx, wanted.get());
        }
        var name = wanted.or(() -> asNew ? Optional.empty() : network.stack());
        if (name.isEmpty()) {
            return new JobRequest.NetworkTarget(
                    network.id(), NetworkStacks.freeName(tx, network.id()), true);
        }
        var stack = NetworkTables.STACKS.find(tx, name.get());
        if (stack.isPresent() && !stack.get().origin().equals(Optional.of(network.id()))) {
            throw new RefusalException(
                    "stack-of-another",
                    "stack "
                            + name.get()
                            + " was not made of source network "
                            + network.id()
                            + ": recover it as new, or under another name");
        }
        return new JobRequest.NetworkTarget(network.id(), name.get(), stack.isEmpty());
    }

    /// Begins to make the network of a stack that there is the one that a source network's servers
    /// are recovered into.
    ///
    /// @throws RefusalException if one is unknown, another source network has the stack, or this
    ///   one is being recovered
    public Job.View associate(String id, String stack) throws IOException {
        return database.transact(tx -> {
            var network = SourceNetworks.requireIdle(tx, id);
            NetworkStacks.require(tx, stack);
            for (var other : NetworkTables.SOURCES.select(tx, "where stack = ?", stack)) {
                if (!other.id().equals(network.id())) {
                    throw new RefusalException(
                            "stack-in-use",
                            "source network " + other.id() + " is recovered into stack " + stack);
                }
            }
            return submit(
                    tx,
                    new JobRequest.Networks(
                            JobRequest.NetworkPurpose.ASSOCIATE,
                            List.of(new JobRequest.NetworkTarget(id, stack, false))),
                    Map.of());
        });
    }

    private Job.View submit(Transaction tx, JobRequest.Networks request, Map<String, String> tags)
            throws DatabaseException {
        var job = jobs.submitAsked(tx, request);
        Tags.put(tx, job.id(), tags);
        for (var target : request.targets()) {
            var asked =
                    new SourceNetwork.Recovery(
                            job.id(), time.now(), SourceNetwork.Result.IN_PROGRESS);
            NetworkTables.SOURCES.update(
                    tx, SourceNetworks.require(tx, target.network()).with(asked));
        }
        return new Job.View(job, List.of(), List.of());
    }

    /// Makes the stack of a target that is to be recovered, or brings it up to date.
    void prepare(Transaction tx, JobRequest.NetworkTarget target) throws DatabaseException {
        var captured = SourceNetworks.require(tx, target.network()).captured().orElseThrow();
        var known = NetworkTables.STACKS.find(tx, target.stack());
        if (known.isPresent()) {
            if (!isOf(known.get(), target)) { // it came into being since it was asked for
                throw new RefusalException(
                        "stack-exists", "stack " + target.stack() + " is another network's by now");
            }
            NetworkTables.STACKS.update(tx, known.get().with(captured, time.now()));
        } else {
            stacks.insert(tx, target.stack(), Optional.of(target.network()), captured);
        }
    }

    private static boolean isOf(NetworkStack stack, JobRequest.NetworkTarget target) {
        return stack.origin().equals(Optional.of(target.network()));
    }

    /// From now on the network's servers are recovered into the stack.
    static void bind(Transaction tx, JobRequest.NetworkTarget target, SourceNetwork.Result result)
            throws DatabaseException {
        var network = SourceNetworks.require(tx, target.network()).bound(target.stack());
        var recovery = network.recovery().orElseThrow();
        NetworkTables.SOURCES.update(
                tx,
                network.with(
                        new SourceNetwork.Recovery(recovery.job(), recovery.askedAt(), result)));
    }

    /// Of a network that was recovered.
    SourceNetwork.Result lastResult(String id) throws IOException {
        return database.transact(
                tx -> SourceNetworks.require(tx, id).recovery().orElseThrow().result());
    }

    /// Servers are recovered into what they were before; a stack that was to be new goes.
    static void failed(Transaction tx, JobRequest.Networks request, JobRequest.NetworkTarget target)
            throws DatabaseException {
        var network = SourceNetworks.require(tx, target.network());
        if (!network.recovering()) {
            return;
        }
        var recovery = network.recovery().orElseThrow();
        NetworkTables.SOURCES.update(
                tx,
                network.with(
                        new SourceNetwork.Recovery(
                                recovery.job(),
                                recovery.askedAt(),
                                request.purpose() == JobRequest.NetworkPurpose.ASSOCIATE
                                        ? SourceNetwork.Result.NOT_ASSOCIATED
                                        : SourceNetwork.Result.FAILED)));
        var stack = NetworkTables.STACKS.find(tx, target.stack());
        if (target.isNew() && stack.isPresent() && isOf(stack.get(), target)) {
            NetworkTables.STACKS.delete(tx, stack.get());
        }
    }
}
