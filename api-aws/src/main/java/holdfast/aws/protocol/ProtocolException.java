package holdfast.aws.protocol;

/// Errors of the protocol, which no service's model names.
@SuppressWarnings("serial") // never serialised by Java
public class ProtocolException extends ServiceException {
    public ProtocolException(String type, int status, String message) {
        super(type, status, message);
    }

    /// A request whose bytes do not hold what its operation reads.
    static ProtocolException malformed(String message) {
        return new ProtocolException("SerializationException", 400, message);
    }

    @Override
    public void write(JsonOutput out) {
        out.beginObject();
        out.field("message", getMessage(), JsonOutput::string);
        out.endObject();
    }
}
