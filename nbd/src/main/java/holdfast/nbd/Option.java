package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// One option of the handshake, as the client sent it (doc/proto.md, "Option types").
sealed interface Option {
    /// Longest data that is read; what no option needs. A request for the metadata contexts of an
    /// export with the longest name still has room for a longest query.
    int DATA_BYTES_MAX = 16 << 10;

    record ExportName(String export) implements Option {}

    record Abort() implements Option {}

    record ListExports() implements Option {}

    record StartTls() implements Option {}

    /// `NBD_OPT_INFO`, or `NBD_OPT_GO` if the client wants to go on to transmission.
    record Describe(String export, Set<Integer> wanted, boolean go) implements Option {}

    record StructuredReply() implements Option {}

    /// `NBD_OPT_SET_META_CONTEXT`, or `NBD_OPT_LIST_META_CONTEXT` if it only asks.
    record MetaContext(String export, List<String> queries, boolean set) implements Option {
        /// Whether `base:allocation` is among what was asked for. Lists take a bare namespace, or
        /// no query at all, for everything.
        boolean asksForAllocation() {
            return queries.contains(Protocol.BASE_ALLOCATION)
                    || (!set && (queries.isEmpty() || queries.contains("base:")));
        }
    }

    record Unknown() implements Option {}

    /// Known, but not of the form it must have.
    record Malformed(String reason) implements Option {}

    /// Pure. Whatever the bytes, returns an option; what is not understood is [Unknown] or
    /// [Malformed].
    ///
    /// @param data at most [#DATA_BYTES_MAX] bytes
    static Option decode(int number, byte[] data) {
        var in = ByteBuffer.wrap(data);
        try {
            var option = decode(number, in);
            return in.hasRemaining() && !(option instanceof Unknown)
                    ? new Malformed(String.format(Locale.ROOT, "%d bytes too many", in.remaining()))
                    : option;
        } catch (CharacterCodingException _) {
            return new Malformed("a string is not UTF-8");
        } catch (MalformedOptionException e) {
            return new Malformed(e.getMessage());
        }
    }

    private static Option decode(int number, ByteBuffer in)
            throws CharacterCodingException, MalformedOptionException {
        return switch (number) {
            case Protocol.OPT_EXPORT_NAME -> new ExportName(string(in, in.remaining()));
            case Protocol.OPT_ABORT -> abort(in);
            case Protocol.OPT_LIST -> new ListExports();
            case Protocol.OPT_STARTTLS -> new StartTls();
            case Protocol.OPT_INFO -> info(in, false);
            case Protocol.OPT_GO -> info(in, true);
            case Protocol.OPT_STRUCTURED_REPLY -> new StructuredReply();
            case Protocol.OPT_LIST_META_CONTEXT -> metaContext(in, false);
            case Protocol.OPT_SET_META_CONTEXT -> metaContext(in, true);
            default -> new Unknown(); // any number may come in
        };
    }

    /// Leaving is never refused for its form.
    private static Option abort(ByteBuffer in) {
        in.position(in.limit());
        return new Abort();
    }

    private static Option info(ByteBuffer in, boolean go)
            throws CharacterCodingException, MalformedOptionException {
        var export = lengthAndString(in);
        var count = need(in, Short.BYTES).getShort() & 0xffff;
        need(in, (long) count * Short.BYTES);
        var wanted = new HashSet<Integer>();
        for (var i = 0; i < count; i++) {
            wanted.add(in.getShort() & 0xffff);
        }
        return new Describe(export, Set.copyOf(wanted), go);
    }

    private static Option metaContext(ByteBuffer in, boolean set)
            throws CharacterCodingException, MalformedOptionException {
        var export = lengthAndString(in);
        var count = Integer.toUnsignedLong(need(in, Integer.BYTES).getInt());
        var queries = new ArrayList<String>();
        for (var i = 0L; i < count; i++) { // ends at the latest with the data
            queries.add(lengthAndString(in));
        }
        return new MetaContext(export, List.copyOf(queries), set);
    }

    private static String lengthAndString(ByteBuffer in)
            throws CharacterCodingException, MalformedOptionException {
        return string(in, Integer.toUnsignedLong(need(in, Integer.BYTES).getInt()));
    }

    private static String string(ByteBuffer in, long bytes)
            throws CharacterCodingException, MalformedOptionException {
        if (bytes > Protocol.STRING_BYTES_MAX) {
            throw new MalformedOptionException(
                    String.format(Locale.ROOT, "a string of %d bytes", bytes));
        }
        need(in, bytes);
        var slice = in.slice(in.position(), (int) bytes);
        in.position(in.position() + (int) bytes);
        var text = UTF_8.newDecoder().decode(slice).toString();
        if (text.indexOf('\0') >= 0) {
            throw new MalformedOptionException("a string with NUL");
        }
        return text;
    }

    private static ByteBuffer need(ByteBuffer in, long bytes) throws MalformedOptionException {
        if (in.remaining() < bytes) {
            throw new MalformedOptionException(
                    String.format(Locale.ROOT, "ends %d bytes too early", bytes - in.remaining()));
        }
        return in;
    }

    /// Only from the decoding methods to [#decode].
    final class MalformedOptionException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String reason;

        MalformedOptionException(String reason) {
            super(reason);
            this.reason = reason;
        }

        @Override
        public String getMessage() {
            return reason;
        }
    }
}
