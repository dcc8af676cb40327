package holdfast.simulation;

import holdfast.base.RandomSource;
import holdfast.control.ControlSettings;
import holdfast.control.Controller;
import holdfast.control.Database;
import holdfast.format.ExtentPacker;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.TrustedAuthorities;
import holdfast.volume.StoreSettings;
import holdfast.volume.VolumeStores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// What an installation begins with: keys and certificates of the server and of enrolled agents,
/// and the control plane's database. They are made once and are the same in all worlds, since
/// nothing can go wrong yet.
///
/// @param server files of the server
/// @param database of its control plane, in which the agents are enrolled
/// @param sources source machines, by the number in their names
record Installation(Map<Path, byte[]> server, byte[] database, List<Source> sources) {
    static final int MACHINES_MAX = 2;
    static final Path AGENT_STATE = Path.of("/var/lib/holdfast-agent");

    private static final Installation MADE = make();

    /// A machine whose agent is enrolled.
    ///
    /// @param serverId of the machine as a source server
    /// @param files of the machine
    record Source(String serverId, Map<Path, byte[]> files) {}

    /// The one.
    static Installation made() {
        return MADE;
    }

    private static Installation make() {
        SimulatedRandom.restart(0);
        // what is loaded once, from files with random names, would shift the first world's numbers
        new ExtentPacker();
        var ground = new Ground(new SplittableRandom(0), false);
        var server = new SimHost("server", Map.of(), 0);
        var machines = new ArrayList<SimHost>();
        for (var i = 0; i < MACHINES_MAX; i++) {
            machines.add(new SimHost("source-" + i, Map.of(), i));
        }
        var ids = new ArrayList<String>();
        try (var database = new DatabaseFile(new byte[0])) {
            ground.process(server, "installation")
                    .start(
                            "install",
                            () -> ids.addAll(install(ground, server, machines, database.path())));
            ground.scheduler.run(() -> false);
            var sources = new ArrayList<Source>();
            for (var i = 0; i < MACHINES_MAX; i++) {
                sources.add(new Source(ids.get(i), machines.get(i).disk.contents()));
            }
            return new Installation(server.disk.contents(), database.content(), sources);
        }
    }

    /// @return ids of the machines
    private static List<String> install(
            Ground ground, SimHost server, List<SimHost> machines, Path database) {
        var process = ground.process(server, "authority");
        var random = ground.randomSource();
        var time = new SimTime(ground.scheduler, process);
        // each world begins with a staging area that is yet to be made
        var staging = ground.process(new SimHost("staging", Map.of(), 0), "staging");
        try (var rows = Database.open(database, time);
                var store =
                        VolumeStores.open(
                                StoreSettings.DEFAULT,
                                ground.files(staging),
                                StagingServer.DIRECTORY.resolve("staging"),
                                time,
                                random);
                var controller =
                        StagingServer.controller(
                                rows,
                                store,
                                ground.files(staging),
                                new SimMachineHost(ground, server, ground.random.split()),
                                ControlSettings.DEFAULT,
                                time,
                                random)) {
            var authority = StagingServer.authority(ground.files(process), time, random);
            var ids = new ArrayList<String>();
            for (var machine : machines) {
                var files = ground.files(ground.process(machine, "enrolment"));
                ids.add(enrol(files, machine.toString(), controller, authority, random));
            }
            return ids;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String enrol(
            SimFiles files,
            String hostname,
            Controller controller,
            CertificateAuthority authority,
            RandomSource random)
            throws IOException {
        var request = CertificateRequest.create(random, hostname);
        var enrolled =
                controller
                        .enrolments()
                        .enrol(hostname, id -> authority.issueToAgent(request.pem(), id));
        var identity =
                request.identity(
                        enrolled.certificate(),
                        authority.certificatePem(),
                        TrustedAuthorities.ofFingerprint(
                                EnrolmentToken.create(random, authority).fingerprint()));
        try (var file = files.openForWriting(AGENT_STATE.resolve("replicator"))) {
            file.write(ByteBuffer.wrap("server:1500".getBytes(StandardCharsets.UTF_8)), 0);
            file.sync();
        }
        identity.save(files, AGENT_STATE.resolve("identity.pem"));
        files.syncDirectory(AGENT_STATE);
        return enrolled.server().id();
    }
}
