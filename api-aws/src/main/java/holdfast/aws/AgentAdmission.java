package holdfast.aws;

import java.io.IOException;

/// Makes machines source servers.
@FunctionalInterface
public interface AgentAdmission {
    /// What an agent needs to begin.
    ///
    /// @param certificate of the agent, PEM
    /// @param authority the installation's, PEM
    /// @param replicationAddress `host:port`
    /// @param dataDirectory where the server keeps everything
    record Admitted(
            String serverId,
            String certificate,
            String authority,
            String replicationAddress,
            String dataDirectory) {}

    /// @param csr to be certified, PEM
    /// @param host by which the agent reached the server, without the port
    /// @throws holdfast.base.RefusalException if the request cannot be certified
    Admitted admit(String csr, String hostname, String host) throws IOException;
}
