package holdfast.nbd;

import static java.lang.System.Logger.Level.WARNING;

import holdfast.base.Network.Connection;
import holdfast.nbd.Option.Abort;
import holdfast.nbd.Option.Describe;
import holdfast.nbd.Option.ExportName;
import holdfast.nbd.Option.ListExports;
import holdfast.nbd.Option.Malformed;
import holdfast.nbd.Option.MetaContext;
import holdfast.nbd.Option.StartTls;
import holdfast.nbd.Option.StructuredReply;
import holdfast.nbd.Option.Unknown;
import holdfast.volume.Branch;
import holdfast.volume.VolumeView;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/// The server's side of the fixed newstyle handshake (doc/proto.md, "Handshake") of one connection.
/// For one thread, once. Whoever runs it bounds its time.
final class Handshake {
    private static final System.Logger LOG = System.getLogger("holdfast.nbd");

    private static final int OUR_FLAGS = Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES;
    private static final int OPTION_HEADER_BYTES = 16;
    private static final int RESERVED_BYTES = 124;
    private static final int OPTIONS_MAX = 256;

    /// Data of an option that is too long is still read, so that the client learns of it, up to
    /// this length; beyond, it is no client but an attack.
    private static final long SKIPPED_BYTES_MAX = 1 << 20;

    private final Tls tls;
    private final Exports exports;
    private final Consumer<String> onChoice;
    private final Runnable onAgreement;

    private Connection connection;
    private WireInput in;
    private OutputStream out;
    private int clientFlags;
    private boolean secured;
    private boolean structuredReplies;

    /// The export for which `base:allocation` was selected.
    private Optional<String> allocationOf = Optional.empty();

    /// How it ended well: ready for transmission.
    ///
    /// @param view open; the receiver closes it
    record Outcome(Agreement agreement, VolumeView view, WireInput in) {}

    private sealed interface Step {
        record More() implements Step {}

        record Left() implements Step {}

        record Chosen(Outcome outcome) implements Step {}
    }

    private interface Sending {
        void run() throws IOException;
    }

    /// @param onChoice hears the name of each export before it is opened
    /// @param onAgreement runs before the client is told that transmission begins
    Handshake(
            Connection connection,
            Tls tls,
            Exports exports,
            Consumer<String> onChoice,
            Runnable onAgreement) {
        this.tls = tls;
        this.exports = exports;
        this.onChoice = onChoice;
        this.onAgreement = onAgreement;
        this.connection = connection;
        this.in = new WireInput(connection.input());
        this.out = new BufferedOutputStream(connection.output());
    }

    /// Over which to go on: the one given, or the one that TLS made of it.
    Connection connection() {
        return connection;
    }

    boolean secured() {
        return secured;
    }

    /// @return empty if the client left, having perhaps asked for information only
    /// @throws ProtocolException if the client broke the rules, or asked in a way that can only be
    ///   refused by ending the connection
    Optional<Outcome> run() throws IOException {
        greet();
        for (var count = 0; count < OPTIONS_MAX; count++) {
            switch (nextOption()) {
                case Step.More() -> {}
                case Step.Left() -> {
                    return Optional.empty();
                }
                case Step.Chosen(var outcome) -> {
                    return Optional.of(outcome);
                }
            }
        }
        throw new ProtocolException(
                String.format(Locale.ROOT, "more than %d options", OPTIONS_MAX));
    }

    private void greet() throws IOException {
        var greeting = ByteBuffer.allocate(2 * Long.BYTES + Short.BYTES);
        greeting.putLong(Protocol.INIT_PASSWD).putLong(Protocol.IHAVEOPT);
        out.write(greeting.putShort((short) OUR_FLAGS).array());
        out.flush();
        clientFlags = in.next(Integer.BYTES).getInt();
        if ((clientFlags & ~OUR_FLAGS) != 0) { // "the server MUST drop the TCP connection"
            throw new ProtocolException(
                    String.format(
                            Locale.ROOT,
                            "client flags %#x, known are %#x",
                            clientFlags,
                            OUR_FLAGS));
        }
    }

    private Step nextOption() throws IOException {
        if (!in.awaitMessage()) {
            return new Step.Left();
        }
        var header = in.next(OPTION_HEADER_BYTES);
        var magic = header.getLong();
        if (magic != Protocol.IHAVEOPT) {
            throw new ProtocolException(
                    String.format(
                            Locale.ROOT,
                            "option magic is %016x, expected %016x",
                            magic,
                            Protocol.IHAVEOPT));
        }
        var number = header.getInt();
        var length = Integer.toUnsignedLong(header.getInt());
        if (number == Protocol.OPT_EXPORT_NAME) {
            return new Step.Chosen(chosenByName(length));
        }
        if ((clientFlags & Protocol.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new ProtocolException(
                    String.format(Locale.ROOT, "option %d without fixed newstyle", number));
        }
        var step = answer(number, length);
        out.flush();
        return step;
    }

    /// `NBD_OPT_EXPORT_NAME`, which knows no errors: "the server MUST terminate the session".
    private Outcome chosenByName(long length) throws IOException {
        if (length > Protocol.STRING_BYTES_MAX) {
            throw new ProtocolException(
                    String.format(Locale.ROOT, "export name of %d bytes", length));
        }
        if (tlsIsMissing()) {
            throw new ProtocolException("export chosen without TLS, which is required here");
        }
        var option = Option.decode(Protocol.OPT_EXPORT_NAME, data(length));
        if (!(option instanceof ExportName(var export))) {
            throw new ProtocolException("export name is malformed");
        }
        var view = open(export);
        if (view.isEmpty()) {
            throw new ProtocolException("there is no export " + Strings.quoted(export));
        }
        var agreement = agreement(export, view.get());
        var reply = ByteBuffer.allocate(Long.BYTES + Short.BYTES + RESERVED_BYTES);
        reply.putLong(agreement.sizeBytes()).putShort((short) agreement.transmissionFlags());
        var zeroes = (clientFlags & Protocol.FLAG_NO_ZEROES) == 0;
        return enter(
                agreement,
                view.get(),
                () -> out.write(reply.array(), 0, zeroes ? reply.capacity() : reply.position()));
    }

    private Step answer(int number, long length) throws IOException {
        if (length > Option.DATA_BYTES_MAX) {
            if (length > SKIPPED_BYTES_MAX) {
                throw new ProtocolException(
                        String.format(Locale.ROOT, "option of %d bytes", length));
            }
            in.skip(length);
            return refuse(number, Protocol.REP_ERR_TOO_BIG, "option is too long");
        }
        var option = Option.decode(number, data(length));
        if (tlsIsMissing() && !(option instanceof StartTls || option instanceof Abort)) {
            return refuse(number, Protocol.REP_ERR_TLS_REQD, "TLS is required here");
        }
        return switch (option) {
            case Abort() -> {
                out.write(OptionReply.ack(number));
                yield new Step.Left();
            }
            case ListExports() -> list(number);
            case StartTls() -> startTls(number);
            case Describe wanted -> describe(number, wanted);
            case StructuredReply() -> {
                structuredReplies = true;
                yield acknowledge(number);
            }
            case MetaContext metaContext -> metaContext(number, metaContext);
            case Unknown() -> refuse(number, Protocol.REP_ERR_UNSUP, "unknown option");
            case Malformed(var reason) -> refuse(number, Protocol.REP_ERR_INVALID, reason);
            case ExportName _ -> throw new IllegalStateException("answered elsewhere");
        };
    }

    private Step list(int number) throws IOException {
        for (var name : exports.names()) {
            out.write(OptionReply.server(name));
        }
        return acknowledge(number);
    }

    private Step startTls(int number) throws IOException {
        return switch (tls) {
            case Tls.Off() -> refuse(number, Protocol.REP_ERR_POLICY, "TLS is not offered here");
            case Tls.Offered(var upgrade) -> startTls(number, upgrade);
            case Tls.Required(var upgrade) -> startTls(number, upgrade);
        };
    }

    private Step startTls(int number, Tls.Upgrade upgrade) throws IOException {
        if (secured) {
            return refuse(number, Protocol.REP_ERR_INVALID, "TLS is on already");
        }
        if (in.hasReadAhead()) {
            // Someone on the way could have put it there, to be taken for the client's own words.
            throw new ProtocolException("bytes sent before TLS was acknowledged");
        }
        out.write(OptionReply.ack(number));
        out.flush();
        connection = upgrade.accept(connection);
        in = new WireInput(connection.input());
        out = new BufferedOutputStream(connection.output());
        secured = true;
        structuredReplies = false; // what was said in the clear is not to be relied on
        allocationOf = Optional.empty();
        return new Step.More();
    }

    private Step describe(int number, Describe info) throws IOException {
        Optional<VolumeView> view;
        try {
            view = open(info.export());
        } catch (IOException e) {
            LOG.log(
                    WARNING,
                    String.format(
                            Locale.ROOT,
                            "event=nbd-open-failed export=%s reason=%s",
                            Strings.quoted(info.export()),
                            Strings.quoted(String.valueOf(e.getMessage()))));
            return refuse(number, Protocol.REP_ERR_UNKNOWN, Failure.of(e).message());
        }
        if (view.isEmpty()) {
            return refuse(number, Protocol.REP_ERR_UNKNOWN, "there is no such export");
        }
        var agreement = agreement(info.export(), view.get());
        if (info.go()) {
            return new Step.Chosen(
                    enter(agreement, view.get(), () -> sendInfo(number, info, agreement)));
        }
        try (var _ = view.get()) {
            sendInfo(number, info, agreement);
        }
        return new Step.More();
    }

    private void sendInfo(int number, Describe info, Agreement agreement) throws IOException {
        out.write(OptionReply.export(number, agreement));
        if (info.wanted().contains(Protocol.INFO_NAME)) {
            out.write(OptionReply.name(number, agreement));
        }
        if (info.wanted().contains(Protocol.INFO_BLOCK_SIZE)) {
            out.write(OptionReply.blockSize(number, agreement));
        }
        acknowledge(number);
    }

    private Step metaContext(int number, MetaContext option) throws IOException {
        if (!structuredReplies) {
            return refuse(
                    number, Protocol.REP_ERR_INVALID, "structured replies come first: none agreed");
        }
        var wanted = option.asksForAllocation();
        if (option.set()) { // "replaces all previously-set metadata contexts"
            allocationOf = wanted ? Optional.of(option.export()) : Optional.empty();
        }
        if (wanted) {
            out.write(OptionReply.allocationContext(number));
        }
        return acknowledge(number);
    }

    private boolean tlsIsMissing() {
        return tls instanceof Tls.Required && !secured;
    }

    private byte[] data(long length) throws IOException {
        var data = new byte[(int) length];
        in.readFully(data, data.length);
        return data;
    }

    private Optional<VolumeView> open(String export) throws IOException {
        onChoice.accept(export);
        return exports.open(export);
    }

    private Agreement agreement(String export, VolumeView view) {
        return new Agreement(
                export,
                view.sizeBytes(),
                view instanceof Branch,
                structuredReplies,
                structuredReplies && allocationOf.equals(Optional.of(export)));
    }

    /// Says that transmission begins; the view is the caller's only once that is said.
    private Outcome enter(Agreement agreement, VolumeView view, Sending sending)
            throws IOException {
        try {
            onAgreement.run();
            sending.run();
            out.flush();
            return new Outcome(agreement, view, in);
        } catch (IOException | RuntimeException e) {
            view.close();
            throw e;
        }
    }

    private Step acknowledge(int number) throws IOException {
        out.write(OptionReply.ack(number));
        return new Step.More();
    }

    private Step refuse(int number, int type, String message) throws IOException {
        out.write(OptionReply.error(number, type, message));
        return new Step.More();
    }
}
