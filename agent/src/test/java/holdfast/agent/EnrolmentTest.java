package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.SignatureV4;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

class EnrolmentTest {
    @TempDir Path directory;

    private final Enrolment enrolment = new Enrolment(TimeSource.system(), RandomSource.system());
    private TestInstallation installation;
    private ServerSocket server;
    private URI url;
    private int status = 200;
    private String error = "";
    private volatile String head = "";
    private volatile String body = "";

    @BeforeEach
    void listen() throws IOException {
        installation = TestInstallation.create(directory.resolve("data"), TimeSource.system());
        server =
                TlsContexts.server(installation.authority(), List.of())
                        .getServerSocketFactory()
                        .createServerSocket(0, 0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::serve);
        url = URI.create("https://localhost:" + server.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    @Test
    void aTokenBecomesAnIdentityThatIsKeptForItsOwnerOnly() throws Exception {
        var enrolled = enrolment.enrol(url, token(), "web-1");
        assertThat(enrolled.identity().name()).isEqualTo("srv-web-1");
        assertThat(enrolled.replicationAddress()).isEqualTo("replicator:1500");
        var path = directory.resolve("state");
        try (var state = StateDirectory.open(Filesystem.local(), path)) {
            assertThat(state.enrolled()).isEmpty();
            state.enrolled(enrolled);
        }
        try (var state = StateDirectory.open(Filesystem.local(), path)) {
            var kept = state.enrolled().orElseThrow();
            assertThat(kept.identity().name()).isEqualTo("srv-web-1");
            assertThat(kept.replicationAddress()).isEqualTo("replicator:1500");
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rwx------");
    }

    @Test
    void whatTheServerObjectsToIsSaidInItsWords() {
        status = 403;
        error = "{\"code\": \"used-token\", \"message\": \"this token was used: make another\"}";
        assertThatThrownBy(() -> enrolment.enrol(url, token(), "web-1"))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo("used-token"))
                .hasMessage(url + ": this token was used: make another");
    }

    @Test
    void aServerOfAnotherInstallationGetsNoToken() throws Exception {
        var other = TestInstallation.create(directory.resolve("other"), TimeSource.system());
        assertThatThrownBy(() ->
                        enrolment.enrol(url, new Admission.Token(other.token().text()), "web-1"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(url + ": not the server that made the token");
    }

    @Test
    void whatIsNoTokenIsNotSent() {
        assertThatThrownBy(() -> enrolment.enrol(url, new Admission.Token("opensesame"), "web-1"))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("not an enrolment token");
    }

    @Test
    void aServerThatIsNotThereIsNamed() throws Exception {
        server.close();
        assertThatThrownBy(() -> enrolment.enrol(url, token(), "web-1"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(url + ": cannot be reached")
                .hasMessageEndingWith("is the server running there?");
    }

    @Test
    void anAddressWithoutTlsIsRefused() {
        var plain = URI.create("http://localhost:80");
        assertThatThrownBy(() -> enrolment.enrol(plain, token(), "web-1"))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("expected an address such as https://");
    }

    @Test
    void anAnswerWithoutEndIsNotReadToItsEnd() {
        status = 400;
        error = "x".repeat(1 << 20);
        assertThatThrownBy(() -> enrolment.enrol(url, token(), "web-1"))
                .isInstanceOf(IOException.class);
    }

    private Admission token() {
        return new Admission.Token(installation.token().text());
    }

    private Admission key(TestInstallation of) {
        return new Admission.AccessKey(
                "AKIAABCDEFGH23456789",
                "secret",
                Optional.of("session"),
                "eu-central-1",
                of.authority().certificatePem());
    }

    @Test
    void anAccessKeySignsInsteadOfAToken() throws Exception {
        var enrolled = enrolment.enrol(url, key(installation), "web-1");
        assertThat(enrolled.identity().name()).isEqualTo("srv-web-1");
        assertThat(head)
                .startsWith("POST /CreateSourceServerForDrs HTTP/1.1")
                .doesNotContain("Credential=secret", ": secret");
        var time = header("x-amz-date");
        var canonical =
                "POST\n/CreateSourceServerForDrs\n\ncontent-type:application/json\nhost:"
                        + header("host")
                        + "\nx-amz-date:"
                        + time
                        + "\nx-amz-security-token:session\n\ncontent-type;host;x-amz-date;x-amz-security-token\n"
                        + SignatureV4.sha256(body.getBytes(StandardCharsets.UTF_8));
        var date = time.substring(0, 8);
        assertThat(header("authorization"))
                .isEqualTo(
                        "AWS4-HMAC-SHA256 Credential=AKIAABCDEFGH23456789/"
                                + date
                                + "/eu-central-1/drs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
                                + new SignatureV4(date, "eu-central-1", "drs")
                                        .of("secret", time, canonical));
    }

    private String header(String name) {
        return head.lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aServerOfAnotherInstallationGetsNothingSigned() throws Exception {
        var other = TestInstallation.create(directory.resolve("other"), TimeSource.system());
        assertThatThrownBy(() -> enrolment.enrol(url, key(other), "web-1"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(url + ": not a server of the authority that --ca names");
        assertThat(head).isEmpty();
    }

    private void serve() {
        while (!server.isClosed()) {
            try (var connection = server.accept()) {
                answer(connection);
            } catch (IOException _) {
                // a client that does not trust us hangs up
            }
        }
    }

    private void answer(Socket connection) throws IOException {
        var in = connection.getInputStream();
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            var next = in.read();
            if (next < 0) {
                return;
            }
            head.append((char) next);
        }
        this.head = head.toString();
        var length = head.toString().replaceAll("(?si).*content-length: (\\d+).*", "$1");
        body = new String(in.readNBytes(Integer.parseInt(length)), StandardCharsets.UTF_8);
        var answer = (status == 200 ? enrol(body) : error).getBytes(StandardCharsets.UTF_8);
        var answerHead =
                "HTTP/1.1 " + status + " x\r\nContent-Length: " + answer.length + "\r\n\r\n";
        connection.getOutputStream().write(answerHead.getBytes(StandardCharsets.US_ASCII));
        connection.getOutputStream().write(answer);
    }

    private String enrol(String body) {
        var asked = JsonMapper.shared().readTree(body);
        if (head.startsWith("POST /api/v1/enrol ")) {
            var token = EnrolmentToken.parse(asked.required("token").stringValue());
            assertThat(token.matches(installation.token().secretHash())).isTrue();
        }
        var serverId = "srv-" + asked.required("hostname").stringValue();
        var csr = asked.required("csr").stringValue();
        return JsonNodeFactory.instance
                .objectNode()
                .put("serverId", serverId)
                .put("certificate", installation.authority().issueToAgent(csr, serverId))
                .put("ca", installation.authority().certificatePem())
                .put("replicationAddress", "replicator:1500")
                .toString();
    }
}
