package holdfast.systemtest;

import holdfast.demo.Commands;
import holdfast.demo.LoopDevice;
import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.drs.DrsClient;

/// A server with a protected, bootable disk, and unmodified AWS clients of it, of which only the
/// endpoint and the trusted authority are set.
final class DrsFixture implements AutoCloseable {
    static final String REGION = "eu-central-1";

    final Lab lab;
    final Path device;
    private final Set<String> users = new HashSet<>(Set.of("admin"));

    /// Clients of an installation that is there already; it is closed by whoever opened it.
    DrsFixture(Lab lab, Path device) {
        this.lab = lab;
        this.device = device;
    }

    /// An access key.
    record Key(String id, String secret) {}

    static DrsFixture open() throws IOException, InterruptedException {
        var fixture = openUnprotected();
        try {
            var agent = fixture.protect();
            fixture.lab.installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(2));
            return fixture;
        } catch (IOException | InterruptedException | RuntimeException e) {
            fixture.close();
            throw e;
        }
    }

    /// Without an agent yet.
    static DrsFixture openUnprotected() throws IOException, InterruptedException {
        var lab = Lab.open("drs");
        try {
            var image = lab.directory.resolve("source.img");
            new BootableDisk(lab.processes, BootableDisk.defaultCache(System.getenv()))
                    .build(
                            new DiskPlan(DiskPlan.SIZE_BYTES_MIN, Firmware.BIOS, "drs-source"),
                            image,
                            _ -> {});
            var loop = lab.keep(LoopDevice.attach(lab.commands, image));
            lab.installation.startServer();
            return new DrsFixture(lab, loop.device());
        } catch (IOException | InterruptedException | RuntimeException e) {
            lab.close();
            throw e;
        }
    }

    /// Enrols an agent, which protects the disk from now on.
    Process protect() throws IOException, InterruptedException {
        return lab.installation.startAgent(List.of("--disk", device.toString()));
    }

    URI endpoint() {
        return URI.create(lab.installation.url());
    }

    Path data() {
        return lab.installation.data();
    }

    /// The key that the server made when it first started.
    Key firstKey() throws IOException {
        return firstKey(lab);
    }

    static Key firstKey(Lab lab) throws IOException {
        var lines = Files.readAllLines(lab.installation.data().resolve("aws-credentials"));
        return new Key(value(lines.get(1)), value(lines.get(2)));
    }

    private static String value(String line) {
        return line.substring(line.indexOf('=') + 1).strip();
    }

    /// Of a user that has this role, and is called after it.
    Key newKey(String role) throws IOException, InterruptedException {
        if (users.add(role)) {
            lab.installation.command("user", "create", role, "--role", role);
        }
        var made = lab.installation.command("key", "create", "--user", role);
        return new Key(
                made.required("accessKeyId").asString(),
                made.required("secretAccessKey").asString());
    }

    DrsClient client(Key key, ExecutionInterceptor... interceptors) {
        return client(key, http(), interceptors);
    }

    /// Of the SDK for Java, that tries once.
    DrsClient client(Key key, SdkHttpClient http, ExecutionInterceptor... interceptors) {
        return DrsClient.builder()
                .endpointOverride(endpoint())
                .region(Region.of(REGION))
                .credentialsProvider(
                        StaticCredentialsProvider.create(
                                AwsBasicCredentials.create(key.id(), key.secret())))
                .httpClient(http)
                .overrideConfiguration(settings -> {
                    settings.retryStrategy(retries -> retries.maxAttempts(1));
                    List.of(interceptors).forEach(settings::addExecutionInterceptor);
                })
                .build();
    }

    SdkHttpClient http() {
        return UrlConnectionHttpClient.builder().tlsTrustManagersProvider(this::trust).build();
    }

    private TrustManager[] trust() {
        try (InputStream in = Files.newInputStream(data().resolve("ca.pem"))) {
            var authority = CertificateFactory.getInstance("X.509").generateCertificate(in);
            var store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry("holdfast", authority);
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            return trust.getTrustManagers();
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Runs a client of Debian's with the environment that points it here.
    Commands.Result debian(Key key, String... command) throws IOException, InterruptedException {
        return lab.commands.run(debianCommand(key, command));
    }

    /// The command line that does it.
    List<String> debianCommand(Key key, String... command) {
        var line =
                new ArrayList<>(
                        List.of(
                                "env",
                                "AWS_ACCESS_KEY_ID=" + key.id(),
                                "AWS_SECRET_ACCESS_KEY=" + key.secret(),
                                "AWS_DEFAULT_REGION=" + REGION,
                                "AWS_CA_BUNDLE=" + data().resolve("ca.pem"),
                                "AWS_CONFIG_FILE=" + lab.directory.resolve("none"),
                                "AWS_EC2_METADATA_DISABLED=true",
                                "AWS_MAX_ATTEMPTS=1",
                                "AWS_PAGER="));
        line.addAll(List.of(command));
        return line;
    }

    /// `aws <arguments>`.
    Commands.Result aws(Key key, String... arguments) throws IOException, InterruptedException {
        var line =
                new ArrayList<>(List.of("/usr/bin/aws", "--endpoint-url", endpoint().toString()));
        line.addAll(List.of(arguments));
        return debian(key, line.toArray(String[]::new));
    }

    /// Runs an agent with a disk of its own until it is enrolled, or refused.
    ///
    /// @return what it said, if it was refused
    Optional<String> refusalOfAgent(Key key, String name) throws IOException, InterruptedException {
        var disk = Files.write(lab.directory.resolve(name + ".img"), new byte[1 << 20]);
        var state = lab.directory.resolve(name + ".state");
        var log = lab.directory.resolve(name + ".log");
        var command =
                Lab.HOLDFAST.command(
                        List.of(
                                "agent", "run",
                                "--server", endpoint().toString(),
                                "--access-key-id", key.id(),
                                "--secret-access-key", key.secret(),
                                "--ca", data().resolve("ca.pem").toString(),
                                "--disk", disk.toString(),
                                "--state", state.toString()));
        var agent =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(log.toFile()));
        try {
            while (agent.isAlive()) {
                if (Files.exists(state.resolve("identity.pem"))) {
                    return Optional.empty();
                }
                lab.time.sleep(Duration.ofMillis(100));
            }
            return Optional.of(Files.readString(log));
        } finally {
            agent.destroyForcibly().onExit().join();
        }
    }

    @Override
    public void close() throws IOException {
        lab.close();
    }
}
