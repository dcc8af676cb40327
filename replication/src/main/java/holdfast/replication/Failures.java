package holdfast.replication;

import holdfast.base.RefusalException;
import holdfast.volume.ReplicaStore;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;

/// The failures that a replicator tells its agents, with the codes of docs/formats/wire.md.
final class Failures {
    /// Something is broken, or has to be changed by people: not to be tried again at once.
    private static final Duration LATER = Duration.ofMinutes(1);

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Duration AT_ONCE = Duration.ofSeconds(1);

    private Failures() {}

    static Frame.Failure protocol(ProtocolException e) {
        return failure("protocol-error", message(e), LATER);
    }

    static Frame.Failure version(int versionMin, int versionMax) {
        return failure(
                "version-mismatch",
                "server speaks protocol versions "
                        + Wire.VERSION_MIN
                        + " to "
                        + Wire.VERSION_MAX
                        + ", agent "
                        + versionMin
                        + " to "
                        + versionMax
                        + ": upgrade the "
                        + (versionMin > Wire.VERSION_MAX ? "server" : "agent"),
                LATER);
    }

    static Frame.Failure certificate(Exception e) {
        return failure("certificate-invalid", message(e), LATER);
    }

    static Frame.Failure refused(RefusalException e) {
        return failure(
                e.code(),
                message(e),
                switch (e.code()) {
                    case SessionControl.STOPPED,
                            SessionControl.FINISHED,
                            SessionControl.KEY_MISSING,
                            ReplicaStore.KEY_MISSING ->
                            SOON; // it may be started again, or the key put back
                    case SessionControl.AGAIN, ReplicaStore.REPLICA_DAMAGED -> AT_ONCE;
                    default -> LATER;
                });
    }

    static Frame.Failure busy(int sessions) {
        return failure(
                "busy", sessions + " sessions are open, which is all that are allowed", SOON);
    }

    static Frame.Failure superseded(SocketAddress by) {
        return failure(
                "superseded",
                "a newer session of this server began from "
                        + by
                        + ": if that is another machine, it is a copy of this one; enrol it anew",
                LATER);
    }

    static Frame.Failure storage(IOException e) {
        return failure("storage-failure", message(e), SOON);
    }

    static Frame.Failure silent(Duration silence) {
        return failure("silent", "nothing was heard for " + silence.toSeconds() + " s", AT_ONCE);
    }

    static Frame.Failure stopping() {
        return failure("stopping", "the replicator is stopping", AT_ONCE);
    }

    static Frame.Failure internal() {
        return failure("internal-error", "the replicator met an error; see its log", SOON);
    }

    private static String message(Exception e) {
        var message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    private static Frame.Failure failure(String code, String message, Duration retryAfter) {
        return new Frame.Failure(code, message, (int) retryAfter.toMillis());
    }
}
