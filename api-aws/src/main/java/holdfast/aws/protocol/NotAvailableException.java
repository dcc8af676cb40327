package holdfast.aws.protocol;

/// An operation that the service has and we have not, yet. Never an empty success.
@SuppressWarnings("serial") // never serialised by Java
public final class NotAvailableException extends ProtocolException {
    public NotAvailableException(String operation) {
        super(
                "NotImplementedException",
                501,
                operation + " is not available in this version of Holdfast; nothing was done");
    }
}
