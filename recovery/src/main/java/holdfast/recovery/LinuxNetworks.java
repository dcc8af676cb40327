package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Networks of this host, each in a network namespace of its own: a bridge, DHCP by dnsmasq, and
/// rules of nftables. A namespace has no connection to the host's own networks or to another one,
/// so that a recovered network has the addresses of the original without ever meeting it. What is
/// where: `docs/operations/networks.md`.
///
/// One host at a time works on a directory. Owns no threads and holds nothing open between calls.
public final class LinuxNetworks implements NetworkHost {
    private static final System.Logger LOG = System.getLogger(LinuxNetworks.class.getName());

    /// Has the kernel show packets between the ports of a bridge to the rules for IP.
    private static final Path BRIDGE_FILTER =
            Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables");

    private static final String BRIDGE_FILTER_6 = "/proc/sys/net/bridge/bridge-nf-call-ip6tables";

    private final Path all;
    private final Filesystem filesystem;
    private final SmallFiles files;
    private final HostCommands commands;
    private final DhcpServer dhcp;
    private final ReentrantLock lock = new ReentrantLock();

    /// @param directory for what networks need; made if there is none
    public LinuxNetworks(
            Path directory, Filesystem filesystem, Processes processes, TimeSource time)
            throws IOException {
        this.all = directory.toAbsolutePath().normalize().resolve("networks");
        this.filesystem = filesystem;
        this.files = new SmallFiles(filesystem);
        filesystem.createDirectories(all);
        this.commands = new HostCommands(processes, files, all.resolveSibling("networks.said"));
        this.dhcp = new DhcpServer(files, commands, processes, time);
    }

    @Override
    public void apply(NetworkSpec spec) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var directory = directory(spec.id());
            filesystem.createDirectories(directory);
            filesystem.syncDirectory(all); // a network that there may be is known of
            makeNamespace(spec.id());
            makeBridge(spec);
            filter(spec, directory);
            dhcp.serve(spec, directory);
            LOG.log(
                    Level.INFO,
                    "network={0} namespace={1} subnet={2} applied",
                    spec.id(),
                    Namespaces.name(spec.id()),
                    spec.subnet());
        } finally {
            lock.unlock();
        }
    }

    private void makeNamespace(String id) throws IOException, InterruptedException {
        if (filesystem.exists(Namespaces.path(id))) {
            return;
        }
        if (!commands.succeeds(List.of("ip", "netns", "add", Namespaces.name(id)))) {
            throw new RefusalException(
                    "network-not-permitted",
                    "no network namespace could be made: "
                            + commands.message()
                            + "; recovered networks need Holdfast to run as root");
        }
    }

    private void makeBridge(NetworkSpec spec) throws IOException, InterruptedException {
        var id = spec.id();
        commands.run(Namespaces.ip(id, "link", "set", "lo", "up"));
        if (!commands.succeeds(Namespaces.ip(id, "link", "show", Namespaces.BRIDGE))) {
            commands.run(Namespaces.ip(id, "link", "add", Namespaces.BRIDGE, "type", "bridge"));
        }
        var address = spec.address() + "/" + spec.subnet().prefix();
        // one that differs goes first, since a bridge may have several
        if (!commands.succeeds(Namespaces.ip(id, "address", "show", "to", address))
                || !commands.message().contains("inet " + address + " ")) {
            commands.run(Namespaces.ip(id, "address", "flush", "dev", Namespaces.BRIDGE));
        }
        commands.run(Namespaces.ip(id, "address", "replace", address, "dev", Namespaces.BRIDGE));
        commands.run(Namespaces.ip(id, "link", "set", Namespaces.BRIDGE, "up"));
    }

    /// Replaces all rules in one step. They hold between two machines, too.
    private void filter(NetworkSpec spec, Path directory) throws IOException, InterruptedException {
        if (!filesystem.exists(BRIDGE_FILTER)) {
            commands.succeeds(List.of("modprobe", "br_netfilter"));
        }
        if (!filesystem.exists(BRIDGE_FILTER)) {
            throw new RefusalException(
                    "network-filter-missing",
                    "this kernel does not show packets on bridges to firewall rules (no module br_netfilter), so that the network's rules would not hold; use a kernel that has it");
        }
        commands.run(
                Namespaces.in(
                        spec.id(),
                        "sh",
                        "-c",
                        "echo 1 > " + BRIDGE_FILTER + " && echo 1 > " + BRIDGE_FILTER_6));
        var rules = directory.resolve("rules.nft");
        files.write(rules, NetworkRules.of(spec).getBytes(StandardCharsets.UTF_8));
        commands.run(Namespaces.in(spec.id(), "nft", "-f", rules.toString()));
    }

    @Override
    public boolean isUp(String id) throws IOException {
        return filesystem.exists(Namespaces.path(id)) && dhcp.runs(directory(id));
    }

    @Override
    public List<String> networks() throws IOException {
        return filesystem.list(all);
    }

    @Override
    public void remove(String id) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var directory = directory(id);
            dhcp.end(directory);
            if (filesystem.exists(Namespaces.path(id))) {
                commands.run(List.of("ip", "netns", "delete", Namespaces.name(id)));
                LOG.log(Level.INFO, "network={0} removed", id);
            }
            if (filesystem.exists(directory)) {
                for (var name : filesystem.list(directory)) {
                    files.deleteIfPresent(directory.resolve(name));
                }
                filesystem.delete(directory);
                filesystem.syncDirectory(all);
            }
        } finally {
            lock.unlock();
        }
    }

    private Path directory(String id) {
        Namespaces.name(id); // checks it
        return all.resolve(id);
    }
}
