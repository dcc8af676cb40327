package holdfast.failback.firmware;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// On disks that sfdisk and mtools made, and a folder that stands for the firmware's variables; the
/// firmware itself is in `FailbackIsoTest`.
class BootEntryMakerTest {
    private static final String GLOBAL = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    private static final String GUID = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0";
    private static final int FIRST_SECTOR = 2048;

    @TempDir private Path folder;
    private Path variables;
    private Path disk;

    @BeforeEach
    void prepare() throws IOException {
        variables = Files.createDirectories(folder.resolve("sys/firmware/efi/efivars"));
        disk = folder.resolve("disk.img");
    }

    private void run(String input, String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
    }

    /// A disk with an EFI system partition as the second one.
    ///
    /// @param format options of mformat
    private void make(int mebibytes, List<String> format, String... files) throws Exception {
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength((long) (mebibytes + 4) << 20);
        }
        var table =
                "label: gpt\nstart=%d, size=1MiB, type=L\nstart=%d, size=%dMiB, type=U, uuid=%s\n"
                        .formatted(FIRST_SECTOR + mebibytes * 2048, FIRST_SECTOR, mebibytes, GUID);
        run(table, "sfdisk", "-q", disk.toString());
        var partition = disk + "@@" + FIRST_SECTOR * 512;
        var command = new ArrayList<>(List.of("mformat", "-i", partition));
        command.addAll(format);
        command.add("::");
        run("", command.toArray(String[]::new));
        var content = Files.writeString(folder.resolve("content"), "a program");
        for (var file : files) {
            for (var at = file.indexOf('/'); at >= 0; at = file.indexOf('/', at + 1)) {
                var made = "::" + file.substring(0, at);
                new ProcessBuilder("mmd", "-D", "s", "-i", partition, made).start().waitFor();
            }
            run("", "mcopy", "-i", partition, content.toString(), "::" + file);
        }
    }

    private List<String> add() throws IOException {
        try (var channel = FileChannel.open(disk)) {
            return new BootEntryMaker(folder)
                    .add(
                            "/dev/vda",
                            (offset, target) -> channel.read(ByteBuffer.wrap(target), offset));
        }
    }

    private static void copy(byte[] content, long offset, byte[] target) {
        var length = Math.min(target.length, content.length - offset);
        if (length > 0) {
            System.arraycopy(content, Math.toIntExact(offset), target, 0, (int) length);
        }
    }

    private String variable(String name) throws IOException {
        var bytes = Files.readAllBytes(variables.resolve(name + GLOBAL));
        return HexFormat.of().formatHex(bytes);
    }

    private void order(int... numbers) throws IOException {
        var value = new StringBuilder("07000000");
        for (var number : numbers) {
            value.append("%02x%02x".formatted(number & 0xff, number >> 8));
        }
        Files.write(
                variables.resolve("BootOrder" + GLOBAL), HexFormat.of().parseHex(value.toString()));
    }

    private static String utf16(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_16LE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"4", "40", "80 -F -c 1"}) // FAT12, FAT16, FAT32
    void aLoaderInItsVendorsFolderGetsAnEntryThatIsTriedFirst(String made) throws Exception {
        var words = List.of(made.split(" "));
        make(
                Integer.parseInt(words.getFirst()),
                words.subList(1, words.size()),
                "EFI/debian/BOOTX64.CSV",
                "EFI/debian/grubx64.efi",
                "EFI/debian/shimx64.efi");
        order(3);
        Files.write(variables.resolve("Boot0000" + GLOBAL), new byte[4]);

        assertThat(add())
                .containsExactly(
                        "the firmware of this machine was told to start \\EFI\\debian\\shimx64.efi of /dev/vda, by the boot entry 'debian'");
        assertThat(variable("BootOrder")).isEqualTo("07000000" + "0100" + "0300");
        var path = utf16("\\EFI\\debian\\shimx64.efi\0");
        var pathLength = 42 + 4 + path.length() / 2 + 4;
        assertThat(variable("Boot0001"))
                .isEqualTo(
                        "07000000" // kept, for boot loaders and systems
                                + "01000000" // in use
                                + "%02x00".formatted(pathLength)
                                + utf16("debian\0")
                                + "04012a00" // a partition
                                + "02000000"
                                + "0008000000000000"
                                + "%02x%02x%02x0000000000"
                                        .formatted(
                                                sectors(words) & 0xff,
                                                sectors(words) >> 8 & 0xff,
                                                sectors(words) >> 16)
                                + "3c2d1e0f5a4b78698796a5b4c3d2e1f0" // as on the disk
                                + "0202"
                                + "0404%02x00".formatted(path.length() / 2 + 4) // a file
                                + path
                                + "7fff0400");

        assertThat(add()).isEmpty(); // there is one now
        assertThat(variables.resolve("Boot0002" + GLOBAL)).doesNotExist();
    }

    private static int sectors(List<String> made) {
        return Integer.parseInt(made.getFirst()) * 2048;
    }

    @Test
    void whatTheFirmwareFindsByItselfNeedsNone() throws Exception {
        make(4, List.of(), "EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI");
        assertThat(add()).isEmpty();
        assertThat(variables).isEmptyDirectory();
    }

    @Test
    void aMachineThatStartedByBiosHasNoList() throws Exception {
        make(4, List.of(), "EFI/debian/shimx64.efi");
        Files.delete(variables);
        Files.delete(variables.getParent());
        assertThat(add()).isEmpty();
    }

    @Test
    void severalVendorsGetOneEachInTheOrderOfTheDisk() throws Exception {
        make(
                4,
                List.of(),
                "EFI/a vendor with a long name/grubx64.efi",
                "EFI/empty/readme.txt",
                "EFI/systemd/systemd-bootx64.efi");

        assertThat(add()).hasSize(2);
        assertThat(variable("BootOrder")).isEqualTo("07000000" + "0100" + "0000");
        assertThat(variable("Boot0001"))
                .contains(utf16("\\EFI\\a vendor with a long name\\grubx64.efi\0"));
        assertThat(variable("Boot0000")).contains(utf16("\\EFI\\systemd\\systemd-bootx64.efi\0"));
    }

    @Test
    void entriesForOtherPartitionsOrOutOfUseDoNotCount() throws Exception {
        make(4, List.of(), "EFI/debian/shimx64.efi");
        add();
        var ours = Files.readAllBytes(variables.resolve("Boot0000" + GLOBAL));
        var unused = ours.clone();
        unused[4] = 0;
        Files.write(variables.resolve("Boot0000" + GLOBAL), unused);
        var other = ours.clone();
        other[4 + 6 + "debian\0".length() * 2 + 24] ^= 1;
        Files.write(variables.resolve("Boot0001" + GLOBAL), other);

        assertThat(add()).hasSize(1);
        assertThat(Files.readAllBytes(variables.resolve("Boot0002" + GLOBAL))).isEqualTo(ours);
    }

    @Test
    void variablesThatCannotBeWrittenAreToldWithARemedy() throws Exception {
        make(4, List.of(), "EFI/debian/shimx64.efi");
        Files.createDirectory(variables.resolve("BootOrder" + GLOBAL));

        assertThat(add())
                .singleElement()
                .asString()
                .startsWith("warning: the firmware could not be told to start")
                .contains("efibootmgr --create");
    }

    /// Whatever stands on a disk and in the firmware's variables, it ends, with words at most.
    @Test
    void rottenDisksDoNoHarm() throws Exception {
        make(4, List.of(), "EFI/debian/shimx64.efi", "EFI/another long name/grubx64.efi");
        add();
        var whole = Files.readAllBytes(disk);
        var entry = Files.readAllBytes(variables.resolve("Boot0000" + GLOBAL));
        var random = new SplittableRandom(5);
        for (var round = 0; round < 300; round++) {
            var rotten = whole.clone();
            for (var i = 0; i < 200; i++) {
                // mostly where the file system keeps its own
                var at = FIRST_SECTOR * 512 + random.nextInt(i % 2 == 0 ? 64 : 64 << 10);
                rotten[at] = (byte) random.nextInt();
            }
            var rottenEntry = entry.clone();
            rottenEntry[random.nextInt(entry.length)] = (byte) random.nextInt();
            try (var files = Files.newDirectoryStream(variables)) {
                for (var file : files) {
                    Files.delete(file);
                }
            }
            Files.write(variables.resolve("Boot0000" + GLOBAL), rottenEntry);
            var said =
                    new BootEntryMaker(folder)
                            .add("/dev/vda", (offset, target) -> copy(rotten, offset, target));
            assertThat(said).allSatisfy(line -> assertThat(line).isNotBlank());
        }
    }
}
