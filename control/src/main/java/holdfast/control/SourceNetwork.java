package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// A network of source servers that is kept to be made again.
///
/// @param id `sn-` and 17 hex digits
/// @param vpc the network that it is a copy of, see [Networks]
/// @param region under which it was asked for
/// @param reason of the last change of state
/// @param captured what the network was like when it was last looked at while it was replicated
/// @param stack the name of the [NetworkStack] that its servers are recovered into
public record SourceNetwork(
        String id,
        String vpc,
        String region,
        NetworkState state,
        String reason,
        Instant createdAt,
        Optional<NetworkDescription> captured,
        Optional<String> stack,
        Optional<Recovery> recovery,
        Optional<Export> export) {
    /// The last recovery.
    ///
    /// @param askedAt by whoever began it
    public record Recovery(String job, Instant askedAt, Result result) {}

    /// How a recovery went.
    public enum Result {
        IN_PROGRESS,
        SUCCEEDED,
        FAILED,
        ASSOCIATED,
        NOT_ASSOCIATED
    }

    /// The last export: a template, and the secret by which it is fetched.
    public record Export(String token, String template, Instant at) {}

    boolean recovering() {
        return recovery.filter(last -> last.result() == Result.IN_PROGRESS).isPresent();
    }

    SourceNetwork in(NetworkState next, String why, Optional<NetworkDescription> found) {
        return new SourceNetwork(
                id,
                vpc,
                region,
                next,
                why,
                createdAt,
                found.or(() -> captured),
                stack,
                recovery,
                export);
    }

    SourceNetwork with(Recovery newest) {
        return new SourceNetwork(
                id,
                vpc,
                region,
                state,
                reason,
                createdAt,
                captured,
                stack,
                Optional.of(newest),
                export);
    }

    SourceNetwork bound(String name) {
        return new SourceNetwork(
                id,
                vpc,
                region,
                state,
                reason,
                createdAt,
                captured,
                Optional.of(name),
                recovery,
                export);
    }

    SourceNetwork with(Export newest) {
        return new SourceNetwork(
                id,
                vpc,
                region,
                state,
                reason,
                createdAt,
                captured,
                stack,
                recovery,
                Optional.of(newest));
    }
}
