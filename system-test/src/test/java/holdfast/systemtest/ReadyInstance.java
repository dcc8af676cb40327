package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// A recovery instance that was made ready only, and may run elsewhere.
///
/// @param lab that it lives in
/// @param disks what its disks are called
record ReadyInstance(Lab lab, String id, List<String> disks) {
    private static final Duration MAX = Duration.ofMinutes(9);

    /// Protects a server and recovers it when it is gone; machines in QEMU reach the installation
    /// then.
    ///
    /// @param images of its disks, which are free again on return; the instance's are in their
    ///   order
    static ReadyInstance recover(Lab lab, List<Path> images) throws Exception {
        var loops = new ArrayList<LoopDevice>();
        try {
            for (var image : images) {
                loops.add(LoopDevice.attach(lab.commands, image));
            }
            return recovered(lab, loops.stream().map(loop -> loop.device().toString()).toList());
        } finally {
            for (var loop : loops) {
                loop.close();
            }
        }
    }

    private static ReadyInstance recovered(Lab lab, List<String> disks) throws Exception {
        var server = lab.installation.startServer();
        var options = new ArrayList<String>();
        disks.forEach(disk -> options.addAll(List.of("--disk", disk)));
        var agent = lab.installation.startAgent(options);
        lab.installation.awaitState("CONTINUOUS", agent, MAX);
        agent.destroy();
        agent.waitFor();
        var source = lab.installation.server().required("id").asString();
        var fixture = new DrsFixture(lab, Path.of(disks.getFirst()));
        try (var drs = fixture.client(fixture.firstKey())) {
            drs.initializeService(_ -> {});
            drs.updateLaunchConfiguration(
                    r -> r.sourceServerID(source).launchDisposition("STOPPED"));
        }
        var made = lab.installation.command("recover", source);
        server.destroy();
        server.waitFor();
        // the agent reached the server by another address than machines in QEMU will
        QemuMachine.letIn(lab);
        lab.installation.startServer();
        return new ReadyInstance(lab, made.required("instances").get(0).asString(), disks);
    }

    /// Writes its disks as raw images.
    ///
    /// @param folder of the lab; is made
    /// @return in the order of the disks
    List<Path> export(String folder) throws IOException, InterruptedException {
        var to = Files.createDirectory(lab.directory.resolve(folder)).toString();
        var exported =
                lab.installation.command("instances", "export", id, "--format", "raw", "--to", to);
        var images = new HashMap<String, Path>();
        for (var image : exported.required("images")) {
            images.put(
                    image.required("disk").asString(), Path.of(image.required("path").asString()));
        }
        assertThat(images).containsOnlyKeys(disks);
        return disks.stream().map(images::get).toList();
    }

    /// A token for the agent on a machine that runs from those images.
    String token() throws IOException, InterruptedException {
        return lab.installation
                .command("token", "create", "--instance", id)
                .required("token")
                .asString();
    }

    /// Whether the agent on such a machine keeps it protected.
    boolean isProtectedElsewhere() throws IOException, InterruptedException {
        var there = lab.installation.api().get("/instances/" + id).path("elsewhere");
        return there.path("connected").asBoolean(false)
                && there.path("state").asString("").equals("CONTINUOUS");
    }
}
