package holdfast.aws.protocol;

import java.util.Map;

/// An answer as it is to be sent.
public record AwsResponse(int status, Map<String, String> headers, byte[] body) {}
