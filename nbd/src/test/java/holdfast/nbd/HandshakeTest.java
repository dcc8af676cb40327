package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.nbd.NbdClient.OptionAnswer;
import holdfast.volume.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {
    private static final byte[] NOTHING = new byte[0];
    private static final int ACK = 1;
    private static final int WRITABLE_FLAGS = 0b1101_0110_1101;
    private static final int READ_ONLY_FLAGS = 0b0101_0000_0011;
    private static final int SEND_DF = 1 << 7;

    private TestServer server;
    private NbdClient client;

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        client = server.connect();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
        assertThat(server.disk.open).hasValue(0);
    }

    @ParameterizedTest
    @CsvSource({"1, 134", "3, 10", "0, 134", "2, 10"})
    void exportNameGoesOnAtOnce(int clientFlags, int replyBytes) throws IOException {
        client.greet(clientFlags).sendOption(1, "disk".getBytes(UTF_8));
        var reply = ByteBuffer.wrap(client.in.readNBytes(replyBytes));
        assertThat(reply.getLong()).isEqualTo(TestServer.DISK_BYTES);
        assertThat(reply.getShort()).isEqualTo((short) WRITABLE_FLAGS);
        assertThat(client.exchange(0, 3, 0, 0).error()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 0x80000000, -1})
    void unknownClientFlagsEndTheSession(int flags) throws IOException {
        client.greet(flags | 1);
        assertThat(client.ended()).isTrue();
    }

    @Test
    void withoutFixedNewstyleOnlyAnExportNameIsTaken() throws IOException {
        client.greet(0).sendOption(3, NOTHING);
        assertThat(client.ended()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "dis", "disk ", "../disk", "disk\u0000"})
    void anUnknownExportNameEndsTheSession(String name) throws IOException {
        client.greet().sendOption(1, name.getBytes(UTF_8));
        assertThat(client.ended()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, Integer.MAX_VALUE, -1})
    void anExportNameOfAnyLengthIsNotReadInFull(int length) throws IOException {
        client.greet().sendOptionHeader(1, length);
        assertThat(client.ended()).isTrue();
    }

    @Test
    void aWrongOptionMagicEndsTheSession() throws IOException {
        client.greet().send(ByteBuffer.allocate(16).putLong(1).putInt(3).putInt(0));
        assertThat(client.ended()).isTrue();
    }

    @Test
    void listNamesTheExports() throws IOException {
        var answers = client.greet().option(3, NOTHING);
        assertThat(answers).extracting(OptionAnswer::type).containsExactly(2, 2, ACK);
        assertThat(answers.getFirst().buffer().getInt()).isEqualTo(4);
        assertThat(answers.getFirst().text()).endsWith("disk");
        assertThat(answers.get(1).text()).endsWith("point");
    }

    @Test
    void infoTellsWithoutEnteringTransmission() throws IOException {
        var answers = client.greet().option(6, NbdClient.infoData("point", 1, 3, 2, 77));
        assertThat(answers).extracting(OptionAnswer::type).containsExactly(3, 3, 3, ACK);
        var export = answers.getFirst().buffer();
        assertThat(export.getShort()).isZero();
        assertThat(export.getLong()).isEqualTo(TestServer.DISK_BYTES);
        assertThat(export.getShort()).isEqualTo((short) READ_ONLY_FLAGS);
        assertThat(answers.get(1).text()).isEqualTo("\0\1point");
        assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
    }

    @Test
    void goEntersTransmission() throws IOException {
        assertThat(client.greet().lastOfOption(7, NbdClient.infoData("disk")).type())
                .isEqualTo(ACK);
        assertThat(client.exchange(0, 3, 0, 0).error()).isZero();
    }

    @Test
    void blockSizesTellWhatOneReplyMayHold() throws IOException {
        client.greet();
        assertThat(blockSizes()).containsExactly(1, 4096, 4 << 20);
        client.option(8, NOTHING);
        assertThat(blockSizes()).containsExactly(1, 4096, 32 << 20);
    }

    private int[] blockSizes() throws IOException {
        var data = client.option(6, NbdClient.infoData("disk", 3)).get(1).buffer();
        assertThat(data.getShort()).isEqualTo((short) 3);
        return new int[] {data.getInt(), data.getInt(), data.getInt()};
    }

    @Test
    void dontFragmentIsOfferedWithStructuredRepliesOnly() throws IOException {
        client.greet();
        assertThat(flags("disk")).isEqualTo(WRITABLE_FLAGS);
        assertThat(client.lastOfOption(8, NOTHING).type()).isEqualTo(ACK);
        assertThat(flags("disk")).isEqualTo(WRITABLE_FLAGS | SEND_DF);
        assertThat(flags("point")).isEqualTo(READ_ONLY_FLAGS | SEND_DF);
    }

    private int flags(String export) throws IOException {
        return client.option(6, NbdClient.infoData(export)).getFirst().buffer().getShort(10);
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 7})
    void anUnknownExportIsAnErrorThatLeavesTheSessionOpen(int option) throws IOException {
        client.greet();
        assertThat(client.lastOfOption(option, NbdClient.infoData("none")).type())
                .isEqualTo(0x80000006);
        assertThat(client.lastOfOption(7, NbdClient.infoData("disk")).type()).isEqualTo(ACK);
    }

    @Test
    void anExportThatCannotBeOpenedSaysWhy() throws IOException {
        server.exports.with(
                "bad",
                () -> {
                    throw new StoreException("journal is damaged");
                });
        var answer = client.greet().lastOfOption(7, NbdClient.infoData("bad"));
        assertThat(answer.type()).isEqualTo(0x80000006);
        assertThat(answer.text()).isEqualTo("journal is damaged");
    }

    @Test
    void whatOtherFailuresSayStaysInTheLog() throws IOException {
        server.exports.with(
                "bad",
                () -> {
                    throw new IOException("/secret/path");
                });
        assertThat(client.greet().lastOfOption(7, NbdClient.infoData("bad")).text())
                .doesNotContain("secret");
    }

    @Test
    void abortIsAcknowledgedAndEndsTheSession() throws IOException {
        assertThat(client.greet().lastOfOption(2, NOTHING).type()).isEqualTo(ACK);
        assertThat(client.ended()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 11, 99, -1})
    void unknownOptionsAreUnsupported(int option) throws IOException {
        assertThat(client.greet().lastOfOption(option, new byte[10]).type()).isEqualTo(0x80000001);
        assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 6, 7, 8, 9, 10})
    void malformedOptionsAreInvalid(int option) throws IOException {
        client.greet();
        assertThat(client.lastOfOption(option, new byte[3]).type()).isEqualTo(0x80000003);
        assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
    }

    @ParameterizedTest
    @ValueSource(ints = {(16 << 10) + 1, 1 << 20})
    void optionsThatAreTooLongAreSkipped(int length) throws IOException {
        client.greet();
        assertThat(client.lastOfOption(7, new byte[length]).type()).isEqualTo(0x80000009);
        assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
    }

    @ParameterizedTest
    @ValueSource(ints = {(1 << 20) + 1, Integer.MAX_VALUE, -1})
    void optionsOfAbsurdLengthEndTheSession(int length) throws IOException {
        client.greet().sendOptionHeader(7, length);
        assertThat(client.ended()).isTrue();
    }

    @Test
    void endlessOptionsEndTheSession() throws IOException {
        client.greet();
        for (var i = 0; i < 256; i++) {
            assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
        }
        assertThat(client.ended()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 10})
    void metaContextsNeedStructuredReplies(int option) throws IOException {
        client.greet();
        var data = NbdClient.metaData("disk", "base:allocation");
        assertThat(client.lastOfOption(option, data).type()).isEqualTo(0x80000003);
        client.option(8, NOTHING);
        assertThat(client.option(option, data))
                .extracting(OptionAnswer::type)
                .containsExactly(4, ACK);
    }

    @Test
    void contextsAreListedBySpaceAndSelectedByName() throws IOException {
        client.greet().option(8, NOTHING);
        assertThat(client.option(9, NbdClient.metaData("disk"))).hasSize(2);
        assertThat(client.option(9, NbdClient.metaData("disk", "base:")).getFirst().text())
                .endsWith("base:allocation");
        assertThat(client.option(9, NbdClient.metaData("disk", "qemu:"))).hasSize(1);
        assertThat(client.option(10, NbdClient.metaData("disk", "base:"))).hasSize(1);
    }

    @Test
    void aContextSelectedForOneExportIsNotThatOfAnother() throws IOException {
        client.greet().option(8, NOTHING);
        client.option(10, NbdClient.metaData("point", "base:allocation"));
        client.option(7, NbdClient.infoData("disk"));
        assertThat(client.exchange(0, 7, 0, 4096).error()).isEqualTo(22);
    }

    @Test
    void theLastSelectionCounts() throws IOException {
        client.greet().option(8, NOTHING);
        client.option(10, NbdClient.metaData("disk", "base:allocation"));
        client.option(10, NbdClient.metaData("disk", "x:y"));
        client.option(7, NbdClient.infoData("disk"));
        assertThat(client.exchange(0, 7, 0, 4096).error()).isEqualTo(22);
    }

    @Test
    void startTlsIsRefusedWhereThereIsNone() throws IOException {
        assertThat(client.greet().lastOfOption(5, NOTHING).type()).isEqualTo(0x80000002);
        assertThat(client.lastOfOption(3, NOTHING).type()).isEqualTo(ACK);
    }
}
