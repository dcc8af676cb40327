package holdfast.server;

/// The access key that the first start made for AWS clients.
public record FirstKey(String id, String secret) {
    @Override
    public String toString() {
        return "FirstKey[" + id + "]";
    }
}
