package holdfast.demo.disk;

import holdfast.images.PackageTrees;
import holdfast.images.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// The root file system's content, laid out in a directory: busybox as the whole user land, kernel
/// and initial RAM disk under `/boot`, QEMU's guest agent with its libraries, and `/data`.
final class RootTree {
    private static final List<String> DIRECTORIES =
            List.of(
                    "bin",
                    "boot/grub",
                    "data",
                    "dev",
                    "etc/init.d",
                    "lib/x86_64-linux-gnu",
                    "lib64",
                    "proc",
                    "root",
                    "run",
                    "sbin",
                    "sys",
                    "tmp",
                    "var/log");

    /// crypt(3), SHA-512, of the password `holdfast`.
    private static final String PASSWORD_HASH =
            "$6$holdfastdemo$T8VFS1ji82TO1LonGLn0PWXvxNeDpKAuhH0"
                    + "qZRZkR344Wg2tiPk2XR5I9Jv2uhGl6TQfchdawf4HXRt3AEBcE.";

    private final Programs programs;
    private final Path root;

    RootTree(Programs programs, Path root) {
        this.programs = programs;
        this.root = root;
    }

    void lay(String hostName) throws IOException {
        for (var directory : DIRECTORIES) {
            Files.createDirectories(root.resolve(directory));
        }
        directoryPermissions();
        file("etc/inittab", Template.read("inittab"));
        for (var script : List.of("start", "stop", "guest-agent")) {
            program("etc/init.d/" + script, Template.read(script));
        }
        file("boot/grub/grub.cfg", Template.read("grub.cfg"));
        text("etc/hostname", hostName);
        text("etc/issue", "Holdfast demo machine, \\n on \\l");
        text("etc/fstab", "UUID=" + DiskPlan.ROOT_UUID + " / ext4 defaults 0 1");
        text("etc/passwd", "root:x:0:0:root:/root:/bin/sh");
        text("etc/group", "root:x:0:");
        text("etc/shadow", "root:" + PASSWORD_HASH + ":20000:0:99999:7:::");
        permissions("etc/shadow", "rw-------");
    }

    void kernel(Path image, byte[] initialRamDisk) throws IOException {
        Files.copy(image, root.resolve("boot/vmlinuz"));
        file("boot/initrd.gz", initialRamDisk);
    }

    void userLand(Path busybox) throws IOException, InterruptedException {
        program("bin/busybox", Files.readAllBytes(busybox));
        for (var name : programs.run(root, busybox.toString(), "--list").lines().toList()) {
            if (!name.equals("busybox")) {
                Files.createSymbolicLink(root.resolve("bin").resolve(name), Path.of("busybox"));
            }
        }
        for (var name : List.of("init", "getty", "reboot")) { // where others expect them
            Files.createSymbolicLink(root.resolve("sbin").resolve(name), Path.of("../bin/busybox"));
        }
    }

    /// Copies the guest agent out of its package, and of the other packages what it links to.
    ///
    /// @param trees packages of the agent and of all it depends on
    void guestAgent(PackageTrees trees) throws IOException, InterruptedException {
        var agent = trees.find("usr/sbin/qemu-ga", "usr/bin/qemu-ga");
        for (var library : trees.libraries(root, agent)) {
            program(
                    PackageTrees.LIBRARIES + "/" + library.getFileName(),
                    Files.readAllBytes(library));
        }
        program(PackageTrees.LOADER, Files.readAllBytes(trees.loader()));
        program("sbin/qemu-ga", Files.readAllBytes(agent));
    }

    /// Whatever the building user's umask made of them.
    private void directoryPermissions() throws IOException {
        try (var directories = Files.walk(root)) {
            for (var directory : directories.toList()) {
                permissions(root.relativize(directory).toString(), "rwxr-xr-x");
            }
        }
        permissions("root", "rwx------");
    }

    private void text(String name, String line) throws IOException {
        file(name, (line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private void file(String name, byte[] content) throws IOException {
        Files.write(root.resolve(name), content);
        permissions(name, "rw-r--r--");
    }

    private void program(String name, byte[] content) throws IOException {
        Files.write(root.resolve(name), content);
        permissions(name, "rwxr-xr-x");
    }

    private void permissions(String name, String permissions) throws IOException {
        Files.setPosixFilePermissions(
                root.resolve(name), PosixFilePermissions.fromString(permissions));
    }
}
