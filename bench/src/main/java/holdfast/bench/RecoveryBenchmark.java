package holdfast.bench;

import holdfast.demo.LoopDevice;
import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// How long a lost server takes to ask for a login again, from typing the command, against booting
/// the same disk in the same QEMU from a raw image.
final class RecoveryBenchmark implements Benchmark {
    private static final String PEER = "QEMU on the raw image";
    private static final Duration BOOT_MAX = Duration.ofMinutes(3);

    @Override
    public String name() {
        return "recovery";
    }

    /// @param seconds from the command to the login prompt
    /// @param bootSeconds from starting QEMU on
    /// @param command of the instance
    private record Recovered(double seconds, double bootSeconds, List<String> command) {}

    @Override
    public List<Row> run(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        BootableDisk.prerequisites(Firmware.BIOS).install(workspace.processes, workspace::say);
        var image = workspace.path("bootable.img");
        new BootableDisk(workspace.processes, BootableDisk.defaultCache(System.getenv()))
                .build(
                        DiskPlan.of(Firmware.BIOS),
                        image,
                        text -> workspace.say("recovery: " + text));
        var total = new ArrayList<Double>();
        var booting = new ArrayList<Double>();
        var direct = new ArrayList<Double>();
        try (var protection = Protection.start(workspace, "boot")) {
            var server = protectOnce(workspace, protection, image);
            for (var i = 0; i < scale.boots(); i++) {
                var recovered = recover(workspace, protection, server);
                total.add(recovered.seconds());
                booting.add(recovered.bootSeconds());
                direct.add(bootDirectly(workspace, protection, recovered.command(), image));
            }
        }
        var peer = new Samples(direct);
        return List.of(
                Row.compared(
                        name(),
                        "s, command to login",
                        Row.Better.LESS,
                        new Samples(total),
                        PEER,
                        peer),
                Row.compared(
                        name(),
                        "s, of these booting",
                        Row.Better.LESS,
                        new Samples(booting),
                        PEER,
                        peer));
    }

    /// @return the id of a source server that is gone, with a replica of the disk
    private static String protectOnce(Workspace workspace, Protection protection, Path image)
            throws IOException, InterruptedException {
        try (var loop = LoopDevice.attach(workspace.commands, image)) {
            protection.protect(loop.device());
            protection.unprotect();
        }
        return protection.sourceServer().orElseThrow().required("id").asString();
    }

    private static Recovered recover(Workspace workspace, Protection protection, String server)
            throws IOException, InterruptedException {
        var installation = protection.installation();
        var begun = workspace.time.nanoTime();
        var job = installation.command("drill", server);
        var seconds = (workspace.time.nanoTime() - begun) / 1e9;
        var id = job.required("instances").get(0).asString();
        var instance = installation.command("instances", "show", id);
        if (!instance.required("bootProof").required("proven").asBoolean()) {
            throw new IOException(id + ": did not boot: " + instance);
        }
        var boot = phaseSeconds(job, "boot");
        workspace.say(
                String.format(
                        Locale.ROOT,
                        "recovery: holdfast %.2f s, of these booting %.2f s",
                        seconds,
                        boot));
        var line =
                Files.readAllBytes(
                        Path.of("/proc", instance.required("pid").asString(), "cmdline"));
        var command = new String(line, StandardCharsets.UTF_8).split("\0", -1);
        installation.command("instances", "terminate", id);
        // the kernel ends the last argument, too
        return new Recovered(seconds, boot, Arrays.asList(command).subList(0, command.length - 1));
    }

    private static double phaseSeconds(JsonNode job, String name) {
        for (var phase : job.required("phases")) {
            if (phase.required("name").asString().equals(name)) {
                var from = Instant.parse(phase.required("startedAt").asString());
                var to = Instant.parse(phase.required("endedAt").asString());
                return Duration.between(from, to).toMillis() / 1e3;
            }
        }
        throw new IllegalStateException("no phase " + name + " in " + job);
    }

    private static double bootDirectly(
            Workspace workspace, Protection protection, List<String> like, Path image)
            throws IOException, InterruptedException {
        var folder = workspace.folder("direct");
        var copy = folder.resolve("disk.raw");
        workspace.commands.output(
                "cp", "--sparse=always", "--reflink=auto", image.toString(), copy.toString());
        var boot = DirectBoot.like(like, protection.installation().data(), copy, folder);
        var begun = workspace.time.nanoTime();
        var machine = workspace.processes.start(new ProcessBuilder(boot.command()).inheritIO());
        try {
            while (!boot.asksForLogin()) {
                if (!machine.isAlive() || workspace.time.nanoTime() - begun > BOOT_MAX.toNanos()) {
                    throw new IOException("no login prompt on " + boot.console());
                }
                workspace.time.sleep(Duration.ofMillis(20));
            }
            var seconds = (workspace.time.nanoTime() - begun) / 1e9;
            workspace.say(String.format(Locale.ROOT, "recovery: %s %.2f s", PEER, seconds));
            return seconds;
        } finally {
            machine.destroyForcibly().waitFor();
            workspace.remove(folder);
        }
    }
}
