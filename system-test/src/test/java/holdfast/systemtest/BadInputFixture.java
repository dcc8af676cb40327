package holdfast.systemtest;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.demo.Commands;
import holdfast.demo.LoopDevice;
import holdfast.demo.Mount;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.node.JsonNodeFactory;

/// One server for all commands that get it wrong. It keeps its data on a disk of its own, runs
/// where QEMU is not installed, and knows two source servers: one with points, one without.
final class BadInputFixture implements AutoCloseable {
    private static final Pattern ANSWERS =
            Pattern.compile("(?s).*holdfast server answers at https://(\\S+)\n.*");
    private static final Pattern REPLICATION = Pattern.compile("(?s).* replication=(\\S+)\n.*");
    private static final long MIB = 1 << 20;

    final Path folder;
    final CommandLine line;
    final Commands commands;

    /// The host name of the source server that has no point.
    static final String POINTLESS = "pointless";

    private static final Duration WAIT_MAX = Duration.ofMinutes(2);

    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    /// The disk under the server's data.
    final LoopDevice stagingDisk;

    /// 16 MiB, and nothing of it is in use.
    final LoopDevice disk;

    /// A mounted file system of 8 MiB, too small for anything.
    final Path tiny;

    /// A protected image file.
    final Path image;

    /// A file that no disk is as small as.
    final Path small;

    /// None of the commands that are given it gets as far as using it up.
    final String unusedToken;

    /// What the agent enrolled with.
    final String usedToken;

    /// By which the server knows this machine and its image.
    final String serverId;

    final String api;
    final String replication;
    private final List<AutoCloseable> opened = new ArrayList<>();

    BadInputFixture(Path folder, Commands commands) throws IOException, InterruptedException {
        this.folder = folder;
        this.commands = commands;
        try {
            CommandLine.build(commands);
            line = keep(new CommandLine(Files.createDirectory(folder.resolve("said"))));
            stagingDisk = loop("staging", 1024);
            disk = loop("disk", 16);
            commands.output("mkfs.ext4", "-q", "-F", stagingDisk.device().toString());
            keep(Mount.mount(commands, stagingDisk.device(), folder.resolve("staging"), "noatime"));
            tiny = folder.resolve("tiny");
            var tinyDisk = loop("tinydisk", 8);
            commands.output("mkfs.ext4", "-q", "-F", tinyDisk.device().toString());
            keep(Mount.mount(commands, tinyDisk.device(), tiny, "noatime"));
            var log = startServer();
            api = group(ANSWERS, log);
            replication = group(REPLICATION, log);
            image = Files.write(folder.resolve("image"), new byte[(int) (16 * MIB)]);
            var content = new byte[(int) (12 * MIB)]; // more than fits into what is tiny
            RandomSource.system().fill(content);
            try (var file = new RandomAccessFile(image.toFile(), "rw")) {
                file.write(content);
            }
            small = Files.write(folder.resolve("small"), new byte[4096]);
            unusedToken = token();
            usedToken = token();
            protect();
            serverId = ask("servers").out().lines().toList().getLast().split(" ", 2)[0];
            enrolWithoutPoints();
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.add(resource);
        return resource;
    }

    private LoopDevice loop(String name, long mebibytes) throws IOException, InterruptedException {
        var file = folder.resolve(name + ".img");
        try (var made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(mebibytes * MIB);
        }
        return keep(LoopDevice.attach(commands, file));
    }

    /// In a mount namespace of its own, over whose programs an empty layer lies that hides QEMU.
    private Path startServer() throws IOException, InterruptedException {
        var layer = Files.createDirectory(folder.resolve("layer"));
        var script =
                String.format(
                        Locale.ROOT,
                        """
                        set -e
                        mount -t tmpfs none %1$s
                        mkdir %1$s/upper %1$s/work
                        mount -t overlay none /usr/bin \
                            -o lowerdir=/usr/bin,upperdir=%1$s/upper,workdir=%1$s/work
                        rm -f /usr/bin/qemu-system-x86_64
                        exec "$@"
                        """,
                        layer);
        var command = new ArrayList<>(List.of("unshare", "--mount", "bash", "-c", script, "-"));
        command.addAll(
                CommandLine.holdfast(
                        "server",
                        "--data",
                        data().toString(),
                        "--listen",
                        "127.0.0.1:0",
                        "--replication-listen",
                        "127.0.0.1:0"));
        var log = folder.resolve("server.log");
        var process = line.start(command, Map.of(), log, log);
        await("the server", process, log, () -> ANSWERS.matcher(Files.readString(log)).matches());
        return log;
    }

    /// Starts an agent on the image and waits for a point of it.
    private void protect() throws IOException, InterruptedException {
        var log = folder.resolve("agent.log");
        var process =
                line.start(
                        CommandLine.holdfast(
                                "agent",
                                "run",
                                "--state",
                                agentState().toString(),
                                "--server",
                                "https://" + api,
                                "--token",
                                usedToken,
                                "--disk",
                                image.toString()),
                        Map.of(),
                        log,
                        log);
        await("a point", process, log, () -> ask("servers").out().contains("CONTINUOUS"));
    }

    private void enrolWithoutPoints() throws IOException, InterruptedException {
        var asked = CertificateRequest.create(RandomSource.system(), POINTLESS);
        try (var client =
                HttpClient.newBuilder()
                        .sslContext(
                                TlsContexts.client(
                                        TrustedAuthorities.of(
                                                authority(Duration.ofDays(1)).certificate()),
                                        TimeSource.system(),
                                        RandomSource.system()))
                        .build()) {
            var body =
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("token", token())
                            .put("csr", asked.pem())
                            .put("hostname", POINTLESS);
            var answer =
                    client.send(
                            HttpRequest.newBuilder(URI.create("https://" + api + "/api/v1/enrol"))
                                    .POST(BodyPublishers.ofString(body.toString()))
                                    .build(),
                            BodyHandlers.ofString());
            if (answer.statusCode() != 201) {
                throw new IOException(answer.body());
            }
        }
    }

    /// A state directory of an agent that enrolled here.
    ///
    /// @param validity of its certificate; below zero if it has expired
    Path enrolled(Duration validity, String replicator) throws IOException {
        var state = Files.createTempDirectory(folder, "state");
        var authority = authority(validity);
        var asked = CertificateRequest.create(RandomSource.system(), "another");
        var certificate = authority.issueToAgent(asked.pem(), "s-0123456789abcdef0");
        asked.identity(
                        certificate,
                        authority.certificatePem(),
                        TrustedAuthorities.of(authority.certificate()))
                .save(Filesystem.local(), state.resolve("identity.pem"));
        Files.writeString(state.resolve("replicator"), replicator);
        return state;
    }

    /// The server's own.
    ///
    /// @param validity of what it issues
    CertificateAuthority authority(Duration validity) throws IOException {
        return CertificateAuthority.open(
                Filesystem.local(),
                data(),
                new CertificateAuthority.Validity(Duration.ofDays(1), validity),
                TimeSource.system(),
                RandomSource.system());
    }

    Path data() {
        return folder.resolve("staging/data");
    }

    Path agentState() {
        return folder.resolve("agent");
    }

    /// A fresh one.
    String token() throws IOException, InterruptedException {
        return ask("token", "create").out().strip();
    }

    /// An image file of so many bytes, without content.
    Path small(int bytes) throws IOException {
        return Files.write(folder.resolve("said/image-" + bytes), new byte[bytes]);
    }

    /// Made by the server's authority, and not by the server.
    String unknownToken() throws IOException {
        return EnrolmentToken.create(RandomSource.system(), authority(Duration.ofDays(1))).text();
    }

    /// Of another installation.
    String foreignToken() throws IOException, InterruptedException {
        var other =
                CertificateAuthority.open(
                        Filesystem.local(),
                        Files.createTempDirectory(folder.resolve("said"), "other"),
                        CertificateAuthority.Validity.DEFAULT,
                        TimeSource.system(),
                        RandomSource.system());
        return EnrolmentToken.create(RandomSource.system(), other).text();
    }

    /// How to reach the server, for commands that ask it.
    Map<String, String> access() {
        return Map.of("HOLDFAST_URL", "https://" + api, "HOLDFAST_DATA", data().toString());
    }

    CommandLine.Ended ask(String... arguments) throws IOException, InterruptedException {
        return line.run(CommandLine.holdfast(arguments), access());
    }

    /// All files below the folder but what commands print, and all that grow: of the server, and
    /// the images of disks.
    Set<Path> files() throws IOException {
        var found = new TreeSet<Path>();
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path directory, BasicFileAttributes attributes) {
                        if (directory.equals(data()) || directory.equals(folder.resolve("said"))) {
                            return FileVisitResult.SKIP_SUBTREE;
                        }
                        found.add(directory);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        found.add(file);
                        return FileVisitResult.CONTINUE;
                    }
                });
        return found;
    }

    @Override
    public void close() throws IOException {
        var failure = new IOException("while taking the server down");
        for (var resource : opened.reversed()) {
            try {
                resource.close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
        if (failure.getSuppressed().length > 0) {
            throw failure;
        }
    }

    private static String group(Pattern pattern, Path log) throws IOException {
        var found = pattern.matcher(Files.readString(log));
        if (!found.matches()) {
            throw new IOException("not said: " + pattern);
        }
        return found.group(1);
    }

    static void await(String what, Process process, Path log, Condition condition)
            throws IOException, InterruptedException {
        var deadline = System.nanoTime() + WAIT_MAX.toNanos();
        while (!condition.holds()) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new IOException("no " + what + ": " + Files.readString(log));
            }
            TimeSource.system().sleep(Duration.ofMillis(100));
        }
    }
}
