package holdfast.aws.protocol;

/// As whom a request is answered.
///
/// @param region of the credential scope: an installation answers to every region's name
/// @param account twelve digits, the caller's
/// @param authority by which the client reached us: host and port, as in its URL
public record RequestContext(String requestId, String region, String account, String authority) {
    /// By which the client reached us, without the port.
    public String host() {
        return authority.replaceFirst(":[0-9]+$", "");
    }

    /// @param resource such as `source-server/s-0123456789abcdef0`
    public String arn(String service, String resource) {
        return arn(service, region, account, resource);
    }

    public static String arn(String service, String region, String account, String resource) {
        return "arn:aws:" + service + ":" + region + ":" + account + ":" + resource;
    }
}
