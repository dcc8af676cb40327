package holdfast.systemtest;

import holdfast.base.Blocks;
import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// A disk of a protected server, of which every byte is known: what it held, what the recovery
/// instance's has to hold by now, and so what a failback has to bring. A lab keeps its loop
/// devices. One thread uses it.
final class ModelledDisk {
    /// Behind it all disks are zeros and stay so.
    private static final long MODELLED_MAX = 32 << 20;

    final long sizeBytes;

    /// What it begins with; the rest is zeros.
    final byte[] original;

    /// What the instance's disk holds.
    byte[] expected = {};

    /// What that held before the newest writes.
    byte[] before = {};

    /// Which of its blocks have to travel: those that the instance wrote, and those in which the
    /// local disk was another when the instance was made.
    boolean[] changed = {};

    private final Path source;
    private Path image;
    private Path device;

    private ModelledDisk(Path image, Path device, long sizeBytes, byte[] original) {
        this.sizeBytes = sizeBytes;
        this.original = original;
        this.source = device;
        this.image = image;
        this.device = device;
    }

    /// Its first half, or at most 16 MiB, is random, and the rest was never written.
    static ModelledDisk make(Lab lab, String name, long sizeBytes)
            throws IOException, InterruptedException {
        var original = new byte[(int) Math.min(sizeBytes, MODELLED_MAX)];
        var half = new byte[original.length / 2];
        new SplittableRandom(sizeBytes).nextBytes(half);
        System.arraycopy(half, 0, original, 0, half.length);
        var image = lab.directory.resolve(name + ".img");
        return new ModelledDisk(
                image, attach(lab, image, sizeBytes, original), sizeBytes, original);
    }

    private static Path attach(Lab lab, Path image, long sizeBytes, byte[] content)
            throws IOException, InterruptedException {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
            file.write(content, 0, (int) Math.min(sizeBytes, content.length));
        }
        return lab.keep(LoopDevice.attach(lab.commands, image)).device();
    }

    /// Gives the client another disk to write for this one.
    ///
    /// @param content that it begins with
    void target(Lab lab, long sizeBytes, byte[] content) throws IOException, InterruptedException {
        image = image.resolveSibling("target-" + image.getFileName());
        device = attach(lab, image, sizeBytes, content);
    }

    /// What the server calls it.
    String name() {
        return source.toString();
    }

    /// Where what the client writes is kept: the disk itself, or another.
    Path image() {
        return image;
    }

    /// What the client writes.
    Path device() {
        return device;
    }

    /// From now on the instance is a new one, with what the server had last.
    void recover() throws IOException {
        expected = original.clone();
        before = expected;
        changed = new boolean[(int) Blocks.count(original.length)];
        differing(original).forEach(at -> changed[at / Blocks.BLOCK_BYTES] = true);
    }

    /// A write of an instance, or a trim.
    ///
    /// @param data empty for a trim
    record Write(ModelledDisk disk, int offset, int length, Optional<byte[]> data) {}

    Write write(int block, int blocks, SplittableRandom random) {
        var data = new byte[blocks * Blocks.BLOCK_BYTES];
        random.nextBytes(data);
        return new Write(this, block * Blocks.BLOCK_BYTES, data.length, Optional.of(data));
    }

    Write trim(int block, int blocks) {
        return new Write(
                this, block * Blocks.BLOCK_BYTES, blocks * Blocks.BLOCK_BYTES, Optional.empty());
    }

    /// Takes note of a write that the instance's disk gets.
    void expect(Write write) {
        var data = write.data().orElse(new byte[write.length()]);
        System.arraycopy(data, 0, expected, write.offset(), write.length());
        var first = write.offset() / Blocks.BLOCK_BYTES;
        Arrays.fill(changed, first, first + write.length() / Blocks.BLOCK_BYTES, true);
    }

    long changedBytes() {
        return IntStream.range(0, changed.length).filter(i -> changed[i]).count()
                * Blocks.BLOCK_BYTES;
    }

    /// Offsets of blocks in which the local disk is not what the instance's is.
    List<Integer> differing() throws IOException {
        return differing(expected);
    }

    List<Integer> differing(byte[] wanted) throws IOException {
        var local = new byte[wanted.length];
        try (var file = new RandomAccessFile(image.toFile(), "r")) {
            file.readFully(local);
        }
        var found = new ArrayList<Integer>();
        for (var at = 0; at < local.length; at += Blocks.BLOCK_BYTES) {
            var end = Math.min(local.length, at + Blocks.BLOCK_BYTES);
            if (!Arrays.equals(local, at, end, wanted, at, end)) {
                found.add(at);
            }
        }
        return found;
    }
}
