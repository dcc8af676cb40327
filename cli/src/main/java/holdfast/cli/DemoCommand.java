package holdfast.cli;

import holdfast.base.Network;
import holdfast.base.RefusalException;
import holdfast.demo.Commands;
import holdfast.demo.Demo;
import holdfast.demo.DemoOptions;
import holdfast.demo.Narrator;
import holdfast.demo.Program;
import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import holdfast.images.Prerequisites;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast demo`: the main job from end to end on a real disk, with what it measured.
final class DemoCommand {
    private DemoCommand() {}

    static CommandSpec spec() {
        var spec =
                Syntax.command(
                        "demo",
                        "Protects a live disk under load, destroys it, recovers two points in time, proves both and boots the newest. Needs root on Linux.",
                        DemoCommand::run);
        spec.addOption(
                Syntax.option(
                        "--disk",
                        "<file>",
                        "A bootable disk image to work on a copy of; else a small Debian disk is built."));
        spec.addOption(Syntax.flag("--keep", "Leave server, recovery instance and files behind."));
        spec.addOption(Syntax.flag("--json", "Print the measurements as JSON."));
        return Syntax.examples(
                spec,
                List.of("holdfast demo", "holdfast demo --disk web-1.img --keep"),
                ExitStatus.REFUSED);
    }

    private static ExitStatus run(Arguments arguments, Context context)
            throws IOException, InterruptedException {
        var json = arguments.flag("--json");
        var commands = new Commands(context.processes());
        requireRoot(commands);
        // with --json standard output holds nothing but the measurements
        var narrator = new Narrator(line -> tell(context, json, line), context.time());
        installWhatIsMissing(context, narrator);
        var work = Files.createTempDirectory("holdfast-demo-");
        var keep = arguments.flag("--keep");
        var options = new DemoOptions(keep, work);
        var image = work.resolve("source.img");
        var given = arguments.text("--disk").map(Path::of);
        if (given.isPresent()) {
            copy(given.get(), image, commands);
            narrator.step("disk copied", given.get() + " itself is not touched");
        } else {
            new BootableDisk(context.processes(), BootableDisk.defaultCache(context.environment()))
                    .build(DiskPlan.of(Firmware.BIOS), image, narrator::say);
            narrator.step("disk built", "1 GiB, MBR, ext4, from Debian packages");
        }
        var demo =
                new Demo(
                        options,
                        Program.self(Main.class.getName()),
                        context.processes(),
                        Network.system(),
                        context.time(),
                        narrator);
        var report = demo.run(image);
        if (json) {
            context.terminal().result(report.json());
        } else {
            report.lines().forEach(context.terminal()::result);
        }
        return report.passed() ? ExitStatus.OK : ExitStatus.FAILURE;
    }

    private static void tell(Context context, boolean json, String line) {
        if (json) {
            context.terminal().note(line);
        } else {
            context.terminal().result(line);
        }
    }

    private static void requireRoot(Commands commands) throws IOException, InterruptedException {
        if (!commands.output("id", "-u").equals("0")) {
            throw new RefusalException(
                    "not-root",
                    "the demonstration attaches loop devices, mounts file systems and tracks"
                            + " changes in the kernel: run it as root (sudo ./holdfast demo)");
        }
    }

    private static void installWhatIsMissing(Context context, Narrator narrator)
            throws IOException, InterruptedException {
        var requirements =
                new ArrayList<>(BootableDisk.prerequisites(Firmware.BIOS).requirements());
        requirements.add(new Prerequisites.Requirement("qemu-utils", "qemu-img"));
        requirements.add(new Prerequisites.Requirement("util-linux", "losetup"));
        var prerequisites = new Prerequisites(requirements);
        prerequisites.install(context.processes(), narrator::say);
        var complaint = prerequisites.complaint();
        if (complaint.isPresent()) {
            throw new RefusalException("programs-missing", complaint.get());
        }
    }

    private static void copy(Path given, Path image, Commands commands)
            throws IOException, InterruptedException {
        if (!Files.isReadable(given) || Files.isDirectory(given)) {
            throw new RefusalException(
                    "disk-missing", given + ": no readable disk image or block device there");
        }
        commands.output(
                "cp", "--sparse=always", "--reflink=auto", given.toString(), image.toString());
    }
}
