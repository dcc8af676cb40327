package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsTest {
    private static final byte[] NOTHING = new byte[0];
    private static final int ACK = 1;
    private static final int INVALID = 0x80000003;
    private static final int TLS_REQUIRED = 0x80000005;

    private static TestTls tls;

    private TestServer server;
    private SocketAddress optional;

    @BeforeAll
    static void makeCertificates(@TempDir Path folder) throws Exception {
        tls = new TestTls(folder);
    }

    @BeforeEach
    void start() throws IOException {
        server =
                new TestServer(
                        TestServer.PATIENT, TimeSource.system(), new Tls.Required(tls::accept));
        optional = server.listen(new Tls.Offered(tls::accept));
    }

    @AfterEach
    void stop() {
        server.close();
        assertThat(server.disk.open).hasValue(0);
    }

    @Test
    void bytesGoBothWaysOverTls() throws IOException {
        try (var client = server.connect().greet()) {
            startTls(client);
            client.option(8, NOTHING);
            client.option(7, NbdClient.infoData("disk"));
            var data = new byte[3 << 20];
            new SplittableRandom(1).nextBytes(data);
            client.write(0, 1, 4097, data);
            assertThat(client.answer().error()).isZero();
            client.request(0, 0, 2, 4097, data.length);
            assertThat(client.assemble(client.chunks(), 4097, data.length)).isEqualTo(data);
            client.request(0, 2, 3, 0, 0);
            assertThat(client.connection.input().read()).isEqualTo(-1); // ended as TLS ends
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 6, 7, 8, 9, 10, 99})
    void whereTlsIsRequiredNothingElseIsAnswered(int option) throws IOException {
        try (var client = server.connect().greet()) {
            var answers = client.option(option, NbdClient.infoData("disk"));
            assertThat(answers).hasSize(1);
            assertThat(answers.getLast().type()).isEqualTo(TLS_REQUIRED);
            assertThat(client.lastOfOption(2, NOTHING).type()).isEqualTo(ACK);
        }
    }

    @Test
    void whereTlsIsRequiredAnExportCannotBeChosenWithoutIt() throws IOException {
        try (var client = server.connect().greet()) {
            client.sendOption(1, "disk".getBytes(UTF_8));
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void whereTlsIsOfferedBothWork() throws IOException {
        try (var plain = NbdClient.structured(optional, "disk");
                var client = new NbdClient(optional).greet()) {
            assertThat(plain.exchange(0, 3, 0, 0).error()).isZero();
            startTls(client);
            assertThat(client.lastOfOption(7, NbdClient.infoData("disk")).type()).isEqualTo(ACK);
            assertThat(client.exchange(0, 3, 0, 0).error()).isZero();
        }
    }

    @Test
    void tlsStartsOnce() throws IOException {
        try (var client = server.connect().greet()) {
            startTls(client);
            assertThat(client.lastOfOption(5, NOTHING).type()).isEqualTo(INVALID);
            assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
        }
    }

    @Test
    void whatWasAgreedInTheClearIsForgotten() throws IOException {
        try (var client = new NbdClient(optional).greet()) {
            client.option(8, NOTHING);
            client.option(10, NbdClient.metaData("disk", "base:allocation"));
            startTls(client);
            client.option(7, NbdClient.infoData("disk"));
            var answer = client.exchange(0, 7, 0, 4096);
            assertThat(answer.simple()).isTrue();
            assertThat(answer.error()).isEqualTo(22);
        }
    }

    /// Else a man in the middle could put words into the client's mouth.
    @Test
    void wordsSentAheadOfTlsAreNotTakenForWordsOverTls() throws IOException {
        try (var client = server.connect().greet()) {
            var two = ByteBuffer.allocate(32);
            two.putLong(0x49484156454f5054L).putInt(5).putInt(0);
            two.putLong(0x49484156454f5054L).putInt(3).putInt(0);
            client.send(two);
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void aClientWithoutACertificateGetsNothing() throws IOException {
        try (var client = server.connect().greet()) {
            assertThat(client.lastOfOption(5, NOTHING).type()).isEqualTo(ACK);
            assertThatThrownBy(
                            () -> {
                                client.use(tls.connect(client.connection, "nobody"));
                                client.option(3, NOTHING);
                            })
                    .isInstanceOf(IOException.class);
        }
    }

    private void startTls(NbdClient client) throws IOException {
        assertThat(client.lastOfOption(5, NOTHING).type()).isEqualTo(ACK);
        client.use(tls.connect(client.connection, "client"));
    }
}
