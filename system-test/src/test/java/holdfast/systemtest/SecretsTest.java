package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.demo.Commands;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/// What a server and an agent show to others while they run: no secret, and nothing to a peer that
/// is not who it has to be.
class SecretsTest {
    private static final int SECRET_CHARACTERS_MIN = 16;

    private static Lab lab;
    private static Process server;
    private static Process agent;
    private static String token;
    private static DrsFixture.Key key;

    @BeforeAll
    static void start() throws Exception {
        lab = Lab.open("secrets");
        try {
            var disk = lab.disk("disk", "ext4", 64);
            server = lab.installation.startServer();
            token = lab.installation.command("token", "create").required("token").asString();
            agent =
                    lab.installation.restartAgent(
                            List.of(
                                    "--disk", disk.device().toString(),
                                    "--server", lab.installation.url(),
                                    "--token", token));
            lab.installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(2));
            key = new DrsFixture(lab, disk.device()).newKey("operator");
        } catch (Exception e) {
            lab.close();
            throw e;
        }
    }

    @AfterAll
    static void stop() throws IOException {
        lab.close();
    }

    /// The token is in the agent's arguments because this test put it there; it is worth nothing
    /// any more.
    @Test
    void noSecretIsInLogsAnswersProcessListsOrTheDatabase() throws Exception {
        var session = session(key);
        var shown = new LinkedHashMap<String, String>();
        shown.putAll(misuse(session));
        for (var path :
                List.of("/status", "/servers", "/users", "/keys", "/roles", "/tokens", "/audit")) {
            shown.put("GET " + path, answered(path));
        }
        shown.put("agent status", lab.installation.agentStatus().toString());
        shown.put("command line of the server", proc(server, "cmdline"));
        shown.put("environment of the server", proc(server, "environ"));
        shown.put("server.log", Files.readString(lab.directory.resolve("server.log")));
        shown.put("agent.log", Files.readString(lab.directory.resolve("agent.log")));
        for (var file : List.of("control.db", "audit/000000000000001.jsonl")) {
            var bytes = Files.readAllBytes(lab.installation.data().resolve(file));
            shown.put(file, new String(bytes, StandardCharsets.ISO_8859_1));
        }
        assertThat(shown.values()).allMatch(text -> !text.isEmpty());

        for (var secret : secrets(session).entrySet()) {
            assertThat(secret.getValue()).hasSizeGreaterThanOrEqualTo(SECRET_CHARACTERS_MIN);
            for (var place : shown.entrySet()) {
                assertThat(place.getValue())
                        .as("%s in %s", secret.getKey(), place.getKey())
                        .doesNotContain(secret.getValue());
            }
        }
    }

    @Test
    void filesWithSecretsAreTheirOwnersOnly() throws IOException {
        var data = lab.installation.data();
        for (var file :
                List.of(
                        data.resolve("admin.key"),
                        data.resolve("aws-credentials"),
                        data.resolve("ca-key.pem"),
                        data.resolve("control.db"),
                        data.resolve("staging/master.key"),
                        agentKey())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .as(file.toString())
                    .endsWith("------");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"API", "REPLICATION"})
    void nothingBelowTls13IsSpoken(String listener) throws Exception {
        try (var old = connect(listener, "TLSv1.2")) {
            assertThatThrownBy(old::startHandshake).isInstanceOf(SSLException.class);
        }
        try (var current = connect(listener, "TLSv1.3")) {
            current.startHandshake();
            assertThat(current.getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
    }

    /// In TLS 1.3 a client learns with its first read what became of its certificate.
    @Test
    void aPeerWithoutACertificateGetsNoWordOfReplication() throws Exception {
        try (var nobody = connect("REPLICATION", "TLSv1.3")) {
            nobody.startHandshake();
            assertThatThrownBy(() -> nobody.getInputStream().read())
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("certificate");
        }
    }

    /// Requests that are refused, with secrets in places where an answer could repeat them.
    ///
    /// @return what was answered, and what commands printed
    private static Map<String, String> misuse(DrsFixture.Key session) throws Exception {
        var said = new LinkedHashMap<String, String>();
        for (var secret : List.of(adminKey(), key.secret(), session.secret())) {
            var body = JsonMapper.shared().createObjectNode().put("note", secret).put("x", 1);
            for (var path : List.of("/tokens", "/exports", "/users", "/jobs")) {
                try {
                    said.put("POST " + path, lab.installation.api().post(path, body).toString());
                } catch (IOException e) {
                    said.put("POST " + path, e.toString());
                }
            }
        }
        var again =
                lab.commands.run(
                        Lab.HOLDFAST.command(
                                List.of(
                                        "agent", "run",
                                        "--state", lab.directory.resolve("other").toString(),
                                        "--disk", lab.directory.resolve("none").toString(),
                                        "--server", lab.installation.url(),
                                        "--token", token)));
        said.put("a token used twice", again.error() + again.output());
        assertThat(again.status()).isNotZero();
        var wrong = new DrsFixture.Key(key.id(), key.secret().substring(1) + "x");
        said.put("a wrong secret", aws(wrong, "sts", "get-session-token").error());
        said.put("a wrong action", aws(key, "drs", "delete-job", "--job-id", "none").error());
        return said;
    }

    private static String answered(String path) throws InterruptedException {
        try {
            return lab.installation.api().get(path).toString();
        } catch (IOException e) {
            return e.toString(); // no such list: what it says must not tell secrets either
        }
    }

    private static Map<String, String> secrets(DrsFixture.Key session) throws IOException {
        var data = lab.installation.data();
        var master = Files.readAllBytes(data.resolve("staging/master.key"));
        var secrets = new LinkedHashMap<String, String>();
        secrets.put("the key to the API", adminKey());
        secrets.put("the first key's secret", firstSecret());
        secrets.put("a key's secret", key.secret());
        secrets.put("a session's secret", session.secret());
        secrets.put("a session's token", session.id());
        secrets.put("an enrolment token", token);
        secrets.put("the authority's key", pemLine(data.resolve("ca-key.pem")));
        secrets.put("an agent's key", pemLine(agentKey()));
        secrets.put("the master key, raw", new String(master, StandardCharsets.ISO_8859_1));
        secrets.put("the master key in hexadecimal", HexFormat.of().formatHex(master));
        secrets.put("the master key in Base64", Base64.getEncoder().encodeToString(master));
        return secrets;
    }

    private static String adminKey() throws IOException {
        return Files.readString(lab.installation.data().resolve("admin.key")).strip();
    }

    private static String firstSecret() throws IOException {
        return new DrsFixture(lab, Path.of("none")).firstKey().secret();
    }

    private static Path agentKey() {
        return lab.installation.agentState().resolve("identity.pem");
    }

    /// A line from the middle, where keys differ.
    private static String pemLine(Path file) throws IOException {
        return Files.readAllLines(file).get(2);
    }

    /// @return the session's token as id, and its secret
    private static DrsFixture.Key session(DrsFixture.Key key) throws Exception {
        var made =
                JsonMapper.shared()
                        .readTree(aws(key, "sts", "get-session-token").orThrow())
                        .required("Credentials");
        return new DrsFixture.Key(
                made.required("SessionToken").asString(),
                made.required("SecretAccessKey").asString());
    }

    private static Commands.Result aws(DrsFixture.Key key, String... arguments)
            throws IOException, InterruptedException {
        var command =
                new ArrayList<>(
                        List.of(
                                "env",
                                "AWS_ACCESS_KEY_ID=" + key.id(),
                                "AWS_SECRET_ACCESS_KEY=" + key.secret(),
                                "AWS_DEFAULT_REGION=" + DrsFixture.REGION,
                                "AWS_CA_BUNDLE=" + lab.installation.data().resolve("ca.pem"),
                                "aws",
                                "--output=json",
                                "--endpoint-url=" + lab.installation.url()));
        command.addAll(List.of(arguments));
        return lab.commands.run(command);
    }

    private static String proc(Process process, String file) throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(process.pid()), file));
    }

    /// Trusts the installation and presents no certificate.
    private static SSLSocket connect(String listener, String protocol) throws Exception {
        var api = URI.create(lab.installation.url());
        var address =
                listener.equals("API")
                        ? new InetSocketAddress(api.getHost(), api.getPort())
                        : lab.installation.replicationAddress();
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (var file = Files.newInputStream(lab.installation.data().resolve("ca.pem"))) {
            store.setCertificateEntry(
                    "authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        var socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(address.getAddress(), address.getPort());
        socket.setSoTimeout((int) Duration.ofSeconds(30).toMillis());
        socket.setEnabledProtocols(new String[] {protocol});
        return socket;
    }
}
