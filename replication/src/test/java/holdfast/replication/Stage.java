package holdfast.replication;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A replicator with its authority, store and host, and agents to go with it.
final class Stage implements AutoCloseable {
    /// For waiting on what must come, however busy the machine is.
    static final Duration PATIENCE = Duration.ofSeconds(30);

    static final MachineFacts MACHINE = machine("3f1c");

    final ManualTime time = new ManualTime();
    final RandomSource random = RandomSource.system();
    final FakeStore store = new FakeStore();
    final RecordingHost host = new RecordingHost(store);
    final FakeBranches branches = new FakeBranches();
    final Network network;
    final CertificateAuthority authority;
    final Replicator replicator;

    Stage(Network network, SocketAddress address, Path directory, Replicator.Limits limits)
            throws IOException {
        this.network = network;
        this.authority = authority(directory);
        this.replicator =
                Replicator.start(
                        network,
                        address,
                        TlsContexts.server(authority, List.of()),
                        authority,
                        store,
                        host,
                        branches,
                        branches,
                        time,
                        limits);
    }

    static MachineFacts machine(String bootId) {
        return new MachineFacts(
                        "db1",
                        "Debian GNU/Linux 12",
                        "6.1.0-56-cloud-amd64",
                        "amd64",
                        "QEMU Virtual CPU",
                        2,
                        4L << 30,
                        true,
                        bootId,
                        "0.1.0",
                        "ebpf",
                        List.of("eth0 52:54:00:12:34:56 10.0.0.5/24"))
                .with(
                        new MachineIdentity(
                                "8f4e5f6a-0c1d-4e2b-9a3c-5d6e7f8091a2",
                                List.of("52:54:00:12:34:56")))
                .with(new AgentRun("9f86d081884c7d65", 2));
    }

    /// An authority whose certificates are valid for an hour.
    CertificateAuthority authority(Path directory) throws IOException {
        return CertificateAuthority.open(
                Filesystem.local(),
                directory,
                new CertificateAuthority.Validity(Duration.ofDays(1), Duration.ofHours(1)),
                time,
                random);
    }

    Identity identity(String serverId) throws IOException {
        return identity(serverId, authority);
    }

    Identity identity(String serverId, CertificateAuthority issuer) throws IOException {
        var request = CertificateRequest.create(random, "db1");
        return request.identity(
                issuer.issueToAgent(request.pem(), serverId),
                issuer.certificatePem(),
                TrustedAuthorities.of(issuer.certificate()));
    }

    ReplicationLink link(String serverId, long... diskBytes) throws IOException {
        return link(identity(serverId), diskBytes);
    }

    ReplicationLink link(Identity identity, long... diskBytes) throws IOException {
        return link(identity, MACHINE, diskBytes);
    }

    ReplicationLink link(Identity identity, MachineFacts machine, long... diskBytes)
            throws IOException {
        var unlimited = new BandwidthLimit(time, 0);
        return new ReplicationLinks(network, time, random, identity, unlimited)
                .connect(replicator.address(), machine, disks(diskBytes));
    }

    /// An agent that does as the test says, with the session begun.
    RawAgent raw(String serverId, long... diskBytes) throws IOException {
        var agent = RawAgent.dial(this, identity(serverId));
        agent.begin(disks(diskBytes));
        return agent;
    }

    static List<DiskFacts> disks(long... diskBytes) {
        var disks = new ArrayList<DiskFacts>();
        for (var bytes : diskBytes) {
            disks.add(new DiskFacts("/dev/sd" + (char) ('a' + disks.size()), bytes, "m", "s"));
        }
        return disks;
    }

    @Override
    public void close() throws IOException {
        store.room();
        // the watch cuts off those who do not go by themselves, and needs time for it
        try (var _ = new Ticking(time)) {
            replicator.close();
        }
    }

    /// Lets time go on until it is closed.
    private static final class Ticking implements AutoCloseable {
        private final Thread thread;
        private volatile boolean stopped;

        Ticking(ManualTime time) {
            thread =
                    Thread.ofPlatform()
                            .daemon()
                            .start(() -> {
                                while (!stopped) {
                                    time.advance(Duration.ofMillis(100));
                                    Thread.yield();
                                }
                            });
        }

        @Override
        public void close() {
            stopped = true;
        }
    }
}
