package holdfast.failback;

import holdfast.base.Blocks;
import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.MachineFacts;
import holdfast.replication.SessionEndedException;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.TrustedAuthorities;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// The failback client as it is from the moment that it knows what is to be brought home: its
/// folder, its rounds, its retries. What it asks the operator and the API before is left out.
///
/// @param files of the machine, its disks among them
/// @param machine with the boot that it is in
/// @param disks to be written
public record SimulatedClient(
        Filesystem files,
        TimeSource time,
        RandomSource random,
        Network network,
        SocketAddress server,
        MachineFacts machine,
        String instance,
        List<Disk> disks,
        Controller controller) {
    private static final Path STATE = Path.of("/var/lib/holdfast-failback");
    private static final String ADDRESS = "server:1500";

    /// @param name of the instance's disk
    /// @param file that stands for the local disk
    public record Disk(String name, Path file, long sizeBytes) {}

    /// What the API answers.
    public interface Controller {
        Paired pair(String csr) throws IOException;

        /// The last point of a failback that is recorded as completed.
        OptionalLong completedAt();
    }

    /// @param certificate PEM
    /// @param authority PEM
    public record Paired(String clientId, String certificate, String authority) {}

    /// Runs until the disks are complete.
    public void run() throws IOException, InterruptedException {
        try (var directory = FailbackDirectory.open(files, STATE)) {
            var found = directory.kept();
            if (found.isEmpty()) {
                begin(directory);
            } else if (isCompleted(directory)) {
                return;
            } else {
                directory.save(found.get().resumed(machine.bootId(), entries()));
            }
            var kept = directory.kept().orElseThrow();
            var pursuit =
                    new Pursuit(
                            new Pursuit.Seams(
                                    time,
                                    random,
                                    network,
                                    machine,
                                    _ -> server,
                                    (mapped, _) -> new FileDisk(mapped)),
                            new Quiet(),
                            disks.stream().map(this::mapped).toList(),
                            directory.identity(),
                            kept);
            try {
                pursuit.follow(directory);
            } catch (SessionEndedException e) {
                if (!e.code().equals("failback-completed") || !isCompleted(directory)) {
                    throw e;
                }
            }
        }
    }

    private boolean isCompleted(FailbackDirectory directory) throws IOException {
        var last = controller.completedAt();
        if (last.isEmpty()) {
            return false;
        }
        var complete = directory.kept().orElseThrow().completed(last.getAsLong());
        if (complete.isPresent()) {
            directory.save(complete.get());
        }
        return complete.isPresent();
    }

    private void begin(FailbackDirectory directory) throws IOException {
        var request = CertificateRequest.create(random, "home");
        var paired = controller.pair(request.pem());
        directory.begin(
                request.identity(
                        paired.certificate(),
                        paired.authority(),
                        TrustedAuthorities.read("the server's authority", paired.authority())),
                new FailbackDirectory.Kept(
                        instance,
                        paired.clientId(),
                        ADDRESS,
                        machine.bootId(),
                        entries(),
                        new Position.Unknown()));
    }

    private List<FailbackDirectory.Disk> entries() {
        var entries = new ArrayList<FailbackDirectory.Disk>();
        for (var disk : disks) {
            entries.add(
                    new FailbackDirectory.Disk(
                            disk.name(), disk.file().toString(), disk.sizeBytes()));
        }
        return entries;
    }

    private MappedDisk mapped(Disk disk) {
        return new MappedDisk(
                new Instance.Disk(disk.name(), disk.sizeBytes(), "", ""),
                new LocalDisk(
                        new TrackedDisk(disk.file(), true, 250, 0, disk.sizeBytes()), "", ""));
    }

    /// A disk that is a file of the simulated machine.
    private final class FileDisk implements TargetDisk {
        private final MappedDisk mapped;
        private final Filesystem.FileHandle file;

        FileDisk(MappedDisk mapped) throws IOException {
            this.mapped = mapped;
            this.file = files.openForWriting(mapped.local().path());
        }

        @Override
        public MappedDisk mapped() {
            return mapped;
        }

        @Override
        public void read(long firstBlock, int blockCount, byte[] target) throws IOException {
            var wanted = ByteBuffer.wrap(target, 0, blockCount * Blocks.BLOCK_BYTES);
            file.read(wanted, firstBlock * Blocks.BLOCK_BYTES);
        }

        @Override
        public void write(long firstBlock, byte[] data, int blockCount) throws IOException {
            var given = ByteBuffer.wrap(data, 0, blockCount * Blocks.BLOCK_BYTES);
            file.write(given, firstBlock * Blocks.BLOCK_BYTES);
        }

        @Override
        public void sync() throws IOException {
            file.sync();
        }

        @Override
        public void close() {
            try {
                file.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// Nobody looks at it.
    private static final class Quiet implements Operator {
        @Override
        public String ask(String question, boolean secret) {
            throw new IllegalStateException("asks " + question);
        }

        @Override
        public void tell(String line) {}

        @Override
        public void progress(Progress progress) {}
    }
}
