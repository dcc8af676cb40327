package holdfast.control;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the audit log is told. Holds no secret: whoever makes one sees to that.
///
/// @param call what joins the beginning and the end of one call
/// @param peer the caller's address
/// @param who the user, or in words what let the caller in; empty if it was not let in
/// @param key the access key's id; of a caller that was not let in, what it said it was
/// @param session the assumed role and the session's name, of session credentials
/// @param action as roles name it, or method and path
/// @param on ids of what it is about
/// @param with further members of the request
/// @param status of HTTP; zero of a beginning
/// @param error its type, if it failed
public record AuditEntry(
        Phase phase,
        String call,
        String peer,
        Optional<String> who,
        Optional<String> key,
        Optional<String> session,
        String action,
        List<String> on,
        Map<String, String> with,
        int status,
        Optional<String> error) {
    /// Where a call stands.
    public enum Phase {
        /// It was let in, and is about to change something.
        BEGUN,

        /// It was answered.
        ENDED,

        /// It was not let in.
        REFUSED
    }

    public AuditEntry {
        on = List.copyOf(on);
        with = Map.copyOf(with);
    }

    /// A call that is about to change something, by whoever was let in.
    public static AuditEntry begun(
            String call, String peer, String who, String action, List<String> on) {
        return new AuditEntry(
                Phase.BEGUN,
                call,
                peer,
                Optional.of(who),
                Optional.empty(),
                Optional.empty(),
                action,
                on,
                Map.of(),
                0,
                Optional.empty());
    }

    /// The same call, as it was answered.
    ///
    /// @param with members of the request that became known meanwhile
    public AuditEntry ended(Map<String, String> with, int status, Optional<String> error) {
        return new AuditEntry(
                Phase.ENDED, call, peer, who, key, session, action, on, with, status, error);
    }

    public AuditEntry by(Signer signer) {
        return new AuditEntry(
                phase,
                call,
                peer,
                Optional.of(signer.user()),
                Optional.of(signer.accessKey()),
                signer.session().map(s -> s.assumed().orElse("") + "/" + s.name()),
                action,
                on,
                with,
                status,
                error);
    }

    /// A call that was not let in.
    ///
    /// @param key what the caller said of itself
    public static AuditEntry refused(
            String call,
            String peer,
            Optional<String> key,
            String action,
            int status,
            Optional<String> error) {
        return new AuditEntry(
                Phase.REFUSED,
                call,
                peer,
                Optional.empty(),
                key,
                Optional.empty(),
                action,
                List.of(),
                Map.of(),
                status,
                error);
    }
}
