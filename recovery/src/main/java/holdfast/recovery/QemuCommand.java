package holdfast.recovery;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The command line of a machine (qemu(1)). Pure: the same record gives the same command.
///
/// @param program QEMU
/// @param uefiCode firmware to start with instead of the BIOS
/// @param sandbox whether this QEMU can give up system calls
record QemuCommand(Path program, Optional<Path> uefiCode, boolean sandbox) {
    /// The option whose value, a file of the machine's own, identifies its process.
    static final String PID_FILE = "-pidfile";

    /// How long the disks' server may be away before the machine is halted. Guests wait for their
    /// disks for minutes without harm; a replicator that starts again is back long before.
    static final int RECONNECT_SECONDS = 300;

    /// How long to wait for the disks' server at the start.
    private static final int OPEN_SECONDS = 10;

    private static final int SERIAL_CHARS_MAX = 20; // VIRTIO_BLK_ID_BYTES
    private static final long MIB = 1 << 20;
    private static final JsonMapper JSON = JsonMapper.shared();

    List<String> of(LaunchRecord record, MachineDirectory directory) {
        var spec = record.spec();
        var command = new ArrayList<String>();
        // A session of its own: signals meant for our terminal or process group do not reach it.
        add(command, "setsid", program.toString());
        add(command, "-name", escaped(spec.name() + " (" + spec.id() + ")"));
        add(command, "-uuid", uuid(spec.id()));
        add(command, "-nodefaults", "-no-user-config");
        add(command, "-display", "none", "-vga", "std"); // a display to take pictures of
        add(command, "-msg", "timestamp=on");
        add(command, PID_FILE, directory.pidFile().toString());
        if (sandbox) {
            command.addAll(QemuTrials.SANDBOX);
        }
        firmware(command, directory);
        command.addAll(record.accelerator().kind().arguments());
        add(command, "-smp", Integer.toString(record.grant().processors()));
        add(command, "-m", record.grant().memoryBytes() / MIB + "M");
        add(command, "-boot", "strict=on"); // from the disks named below, from nothing else
        cards(command, spec);
        channels(command, directory);
        add(command, "-device", "virtio-rng-pci");
        add(command, "-object", "iothread,id=disk-thread");
        for (var index = 0; index < spec.disks().size(); index++) {
            disk(command, index, spec.disks().get(index));
        }
        return command;
    }

    /// Taps are made by QEMU and connected by [Taps].
    private static void cards(List<String> command, MachineSpec spec) {
        if (spec.cards().isEmpty()) {
            add(command, "-nic", "none");
        }
        for (var index = 0; index < spec.cards().size(); index++) {
            var tap = Namespaces.tap(spec.id(), index);
            add(
                    command,
                    "-netdev",
                    "tap,id=net" + index + ",ifname=" + tap + ",script=no,downscript=no");
            var device = JSON.createObjectNode().put("driver", "virtio-net-pci");
            device.put("netdev", "net" + index);
            device.put("mac", spec.cards().get(index).hardwareAddress());
            device.put("romfile", ""); // nothing boots from the network
            addJson(command, "-device", device);
        }
    }

    private void firmware(List<String> command, MachineDirectory directory) {
        if (uefiCode.isEmpty()) {
            add(command, "-machine", "q35");
            return;
        }
        addJson(command, "-blockdev", flash("uefi-code", uefiCode.get(), true));
        addJson(command, "-blockdev", flash("uefi-variables", directory.uefiVariables(), false));
        add(command, "-machine", "q35,pflash0=uefi-code,pflash1=uefi-variables");
    }

    private static ObjectNode flash(String node, Path file, boolean readOnly) {
        var flash = JSON.createObjectNode().put("driver", "raw").put("node-name", node);
        flash.put("read-only", readOnly);
        flash.putObject("file").put("driver", "file").put("filename", file.toString());
        return flash;
    }

    private static void channels(List<String> command, MachineDirectory directory) {
        add(command, "-chardev", socket("control", directory.control(), Map.of()));
        add(command, "-mon", "chardev=control,mode=control");

        // A log and a socket at once: the log misses nothing while nobody is connected.
        var log = Map.of("logfile", directory.consoleLog().toString(), "logappend", "on");
        add(command, "-chardev", socket("console", directory.console(), log));
        add(command, "-serial", "chardev:console");

        var firmwareLog = escaped(directory.firmwareLog().toString());
        add(command, "-chardev", "file,id=firmware,path=" + firmwareLog + ",append=on");
        add(command, "-device", "isa-debugcon,iobase=0x402,chardev=firmware");

        add(command, "-chardev", socket("agent", directory.guestAgent(), Map.of()));
        add(command, "-device", "virtio-serial-pci");
        add(command, "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0");
    }

    private static String socket(String id, Path path, Map<String, String> more) {
        var option = new StringBuilder("socket,server=on,wait=off,id=").append(id);
        option.append(",path=").append(escaped(path.toString()));
        more.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry ->
                        option.append(',')
                                .append(entry.getKey())
                                .append('=')
                                .append(escaped(entry.getValue())));
        return option.toString();
    }

    private static void disk(List<String> command, int index, MachineSpec.Disk disk) {
        if (disk.serial().length() > SERIAL_CHARS_MAX) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "serial of a disk: more than %d characters: %s",
                            SERIAL_CHARS_MAX,
                            disk.serial()));
        }
        var node = JSON.createObjectNode().put("driver", "nbd").put("node-name", "disk" + index);
        node.putObject("server").put("type", "unix").put("path", disk.socket().toString());
        node.put("export", disk.export());
        node.put("open-timeout", OPEN_SECONDS).put("reconnect-delay", RECONNECT_SECONDS);
        node.put("discard", "unmap"); // what the guest frees, the branch need not keep
        addJson(command, "-blockdev", node);

        var device = JSON.createObjectNode().put("driver", "virtio-blk-pci");
        device.put("drive", "disk" + index).put("serial", disk.serial());
        device.put("bootindex", index + 1).put("iothread", "disk-thread");
        // An error of ours, above all a server that is away, must not become the guest's: a file
        // system that sees one turns read-only for good. The machine halts and can be resumed.
        device.put("werror", "stop").put("rerror", "stop");
        addJson(command, "-device", device);
    }

    /// Stable for an id, so that the guest sees the same machine when it is launched again.
    private static String uuid(String id) {
        return UUID.nameUUIDFromBytes(id.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /// In QEMU's lists of options a comma is written twice.
    private static String escaped(String value) {
        return value.replace(",", ",,");
    }

    private static void addJson(List<String> command, String option, ObjectNode value) {
        add(command, option, value.toString());
    }

    private static void add(List<String> command, String... arguments) {
        command.addAll(List.of(arguments));
    }
}
