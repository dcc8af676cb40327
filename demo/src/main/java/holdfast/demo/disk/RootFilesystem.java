package holdfast.demo.disk;

import holdfast.images.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/// Writes an ext4 file system with a journal into an image, without mounting it.
///
/// mke2fs copies owner and change time of each file from the building machine. debugfs then gives
/// every file to root and one date, which makes the image the same whoever builds it, and when.
final class RootFilesystem {
    /// What every Debian since 12 and its GRUB can read; mke2fs' own defaults change with its
    /// version and its settings file.
    private static final String FEATURES =
            "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"
                    + "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum";

    private static final long DATE_SECONDS = 1_793_491_200; // 2026-11-01
    private static final int LOST_AND_FOUND_INODE = 11; // the first that is not reserved
    private static final int ROOT_INODE = 2;

    private RootFilesystem() {}

    /// @param scratch a directory for files on the way; the caller deletes it
    /// @param tree the content
    /// @param image of at least the plan's size; the file system goes where the plan says
    static void make(Programs programs, Path scratch, Path tree, Path image, DiskPlan plan)
            throws IOException, InterruptedException {
        programs.run(
                scratch,
                Map.of("E2FSPROGS_FAKE_TIME", Long.toString(DATE_SECONDS)),
                List.of(
                        "mke2fs",
                        "-q",
                        "-F",
                        "-t",
                        "ext4",
                        "-O",
                        FEATURES,
                        "-b",
                        "4096",
                        "-I",
                        "256",
                        "-J",
                        "size=16",
                        "-L",
                        "holdfast-demo",
                        "-U",
                        DiskPlan.ROOT_UUID.toString(),
                        "-E",
                        // Without lazy_…=0 the kernel would go on formatting after each mount.
                        String.format(
                                Locale.ROOT,
                                "offset=%d,hash_seed=%s,lazy_itable_init=0,lazy_journal_init=0",
                                DiskPlan.ROOT_OFFSET_BYTES,
                                DiskPlan.ROOT_UUID),
                        "-d",
                        tree.toString(),
                        image.toString(),
                        plan.rootBytes() / 1024 + "k"));
        var commands = Files.write(scratch.resolve("debugfs"), owners(entries(tree)));
        var said =
                programs.run(
                        scratch,
                        "debugfs",
                        "-w",
                        "-f",
                        commands.toString(),
                        image + "?offset=" + DiskPlan.ROOT_OFFSET_BYTES);
        // debugfs echoes its commands, and ends with zero even if one went wrong.
        var complaints =
                said.lines()
                        .filter(line -> !line.isBlank())
                        .filter(line -> !line.startsWith("debugfs"))
                        .filter(line -> !line.startsWith("Setting current time"))
                        .toList();
        if (!complaints.isEmpty()) {
            throw new IOException(
                    String.format(Locale.ROOT, "debugfs on %s: %s", image, complaints.getFirst()));
        }
    }

    private static int entries(Path tree) throws IOException {
        try (var files = Files.walk(tree)) {
            return Math.toIntExact(files.count() - 1); // without the root itself
        }
    }

    private static byte[] owners(int entries) {
        var commands = new StringJoiner("\n", "", "\n");
        commands.add("set_current_time @" + DATE_SECONDS); // it dates the superblock as well
        addOwner(commands, ROOT_INODE);
        for (var inode = 0; inode <= entries; inode++) {
            addOwner(commands, LOST_AND_FOUND_INODE + inode);
        }
        return commands.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void addOwner(StringJoiner commands, int inode) {
        for (var field : List.of("uid", "gid")) {
            commands.add(String.format(Locale.ROOT, "set_inode_field <%d> %s 0", inode, field));
        }
        for (var field : List.of("atime", "ctime", "mtime")) {
            commands.add(
                    String.format(
                            Locale.ROOT,
                            "set_inode_field <%d> %s @%d",
                            inode,
                            field,
                            DATE_SECONDS));
        }
    }
}
