package holdfast.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/// A disk image with an ext4 file system: files of 4 KiB to 4 MiB, half of the bytes text that
/// compresses, half random, on three fifths of the disk; the rest is free and has never been
/// written.
///
/// Equal sizes give equal files.
///
/// @param contentBytes of all files
record SampleDisk(Path image, long sizeBytes, long contentBytes) {
    private static final long SEED = 20261121;
    private static final int WORDS = 4096;
    private static final int FILE_BYTES_MIN = 4 << 10;
    private static final int FILE_BYTES_MAX = 4 << 20;

    static SampleDisk make(Workspace workspace, Path image, int mebibytes)
            throws IOException, InterruptedException {
        var sizeBytes = (long) mebibytes << 20;
        var tree = workspace.folder(image.getFileName() + ".tree");
        var written = fill(tree, sizeBytes / 5 * 3);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        workspace.commands.output("mkfs.ext4", "-q", "-F", "-d", tree.toString(), image.toString());
        workspace.remove(tree);
        return new SampleDisk(image, sizeBytes, written);
    }

    private static long fill(Path tree, long bytes) throws IOException {
        var random = new SplittableRandom(SEED);
        var words = words(random);
        var written = 0L;
        for (var number = 0; written < bytes; number++) {
            var folder = Files.createDirectories(tree.resolve("folder-" + number / 64));
            // as many small ones as large ones
            var size =
                    (int)
                            (FILE_BYTES_MIN
                                    * Math.pow(
                                            FILE_BYTES_MAX / FILE_BYTES_MIN, random.nextDouble()));
            size = (int) Math.min(size, bytes - written);
            var file = folder.resolve("file-" + number);
            try (var out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
                if (number % 2 == 0) {
                    writeText(out, size, words, random);
                } else {
                    writeNoise(out, size, random);
                }
            }
            written += size;
        }
        return written;
    }

    private static void writeNoise(OutputStream out, int size, SplittableRandom random)
            throws IOException {
        var noise = new byte[size];
        random.nextBytes(noise);
        out.write(noise);
    }

    private static void writeText(
            OutputStream out, int size, byte[][] words, SplittableRandom random)
            throws IOException {
        for (var left = size; left > 0; ) {
            // few words are frequent and many are rare, as in languages
            var share = random.nextDouble();
            var word = words[(int) (share * share * share * WORDS)];
            var length = Math.min(left, word.length);
            out.write(word, 0, length);
            left -= length;
        }
    }

    private static byte[][] words(SplittableRandom random) {
        var words = new byte[WORDS][];
        for (var i = 0; i < WORDS; i++) {
            var word = new StringBuilder();
            for (var letters = random.nextInt(2, 11); letters > 0; letters--) {
                word.append((char) ('a' + random.nextInt(26)));
            }
            words[i] = word.append(' ').toString().getBytes(StandardCharsets.US_ASCII);
        }
        return words;
    }
}
