package holdfast.simulation;

import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// The files that an installation begins with: keys and certificates of the server and of enrolled
/// agents. They are made once and are the same in all worlds, since nothing can go wrong yet.
///
/// @param server files of the server
/// @param agents files of each source machine, by the number in its name
record Installation(Map<Path, byte[]> server, List<Map<Path, byte[]>> agents) {
    static final int MACHINES_MAX = 2;
    static final Path AGENT_STATE = Path.of("/var/lib/holdfast-agent");

    private static final Installation MADE = make();

    /// The one.
    static Installation made() {
        return MADE;
    }

    static String serverId(int machine) {
        return "s-" + machine;
    }

    private static Installation make() {
        SimulatedRandom.restart(0);
        var ground = new Ground(new SplittableRandom(0), false);
        var server = new SimHost("server", Map.of(), 0);
        var machines = new ArrayList<SimHost>();
        for (var i = 0; i < MACHINES_MAX; i++) {
            machines.add(new SimHost("source-" + i, Map.of(), i));
        }
        ground.process(server, "installation")
                .start("install", () -> install(ground, server, machines));
        ground.scheduler.run(() -> false);
        return new Installation(
                server.disk.contents(),
                machines.stream().<Map<Path, byte[]>>map(one -> one.disk.contents()).toList());
    }

    private static void install(Ground ground, SimHost server, List<SimHost> machines) {
        try {
            var process = ground.process(server, "authority");
            var random = ground.randomSource();
            var time = new SimTime(ground.scheduler, process);
            var authority = StagingServer.authority(ground.files(process), time, random);
            for (var i = 0; i < machines.size(); i++) {
                var enrolled = ground.process(machines.get(i), "enrolment");
                var request = CertificateRequest.create(random, serverId(i));
                enrol(ground.files(enrolled), request, authority, i, random);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void enrol(
            SimFiles files,
            CertificateRequest request,
            CertificateAuthority authority,
            int machine,
            holdfast.base.RandomSource random)
            throws IOException {
        var identity =
                request.identity(
                        authority.issueToAgent(request.pem(), serverId(machine)),
                        authority.certificatePem(),
                        TrustedAuthorities.ofFingerprint(
                                EnrolmentToken.create(random, authority).fingerprint()));
        try (var file = files.openForWriting(AGENT_STATE.resolve("replicator"))) {
            file.write(ByteBuffer.wrap("server:1500".getBytes(StandardCharsets.UTF_8)), 0);
            file.sync();
        }
        identity.save(files, AGENT_STATE.resolve("identity.pem"));
        files.syncDirectory(AGENT_STATE);
    }
}
