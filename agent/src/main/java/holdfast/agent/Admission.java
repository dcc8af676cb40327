package holdfast.agent;

import java.util.Optional;

/// What an operator gives an agent so that a server lets it in.
public sealed interface Admission {
    /// A one-time token; it says which authority the server's certificate must be of.
    record Token(String text) implements Admission {
        @Override
        public String toString() {
            return "Token"; // not its text
        }
    }

    /// An access key of the server's AWS API, whose role allows `drs:CreateSourceServerForDrs`.
    ///
    /// @param sessionToken of session credentials
    /// @param region that is signed for; the server answers to every one
    /// @param authority the certificate that the server's must be issued by, PEM; may have others
    ///   beside it
    record AccessKey(
            String id,
            String secret,
            Optional<String> sessionToken,
            String region,
            String authority)
            implements Admission {
        @Override
        public String toString() {
            return "AccessKey[" + id + "]";
        }
    }
}
