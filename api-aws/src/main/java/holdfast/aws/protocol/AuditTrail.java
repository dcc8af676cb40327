package holdfast.aws.protocol;

import holdfast.control.AuditEntry;
import holdfast.control.AuditLog;
import java.io.IOException;
import java.util.Optional;

/// Tells the audit log of requests: of those that change something before they do and as they end,
/// and of those that were not let in. Safe for any thread.
record AuditTrail(AuditLog log) {
    private static final System.Logger LOG = System.getLogger("holdfast.audit");

    /// Longer ones are no access keys.
    private static final int KEY_LENGTH_MAX = 32;

    private static final int ACTION_LENGTH_MAX = 256;

    /// @throws IOException if it cannot be written: then nothing may be changed
    void begin(Visit visit) throws IOException {
        log.append(begun(visit));
        visit.begun = true;
    }

    private static AuditEntry begun(Visit visit) {
        var caller = visit.caller;
        if (caller == null) {
            throw new IllegalStateException("nobody was let in");
        }
        return AuditEntry.begun(
                        visit.id,
                        visit.peer,
                        caller.user(),
                        shortened(visit.action(), ACTION_LENGTH_MAX),
                        Subjects.of(visit.request))
                .by(caller);
    }

    /// What was done stays done if this cannot be written; its beginning is.
    void close(Visit visit, int status) {
        var error = Optional.ofNullable(visit.errorType);
        LOG.log(
                System.Logger.Level.INFO,
                "peer={0} key={1} call={2} result={3}",
                visit.peer,
                visit.caller == null ? "-" : visit.caller.accessKey(),
                shortened(visit.action(), ACTION_LENGTH_MAX),
                Integer.toString(status));
        try {
            if (visit.begun) {
                log.append(begun(visit).ended(visit.endpoint.told(), status, error));
            } else if (visit.caller != null && (status == 403 || status == 429)) {
                log.append(refused(visit, status, error).by(visit.caller));
            } else if (visit.caller == null && status >= 400) {
                log.appendUnknown(refused(visit, status, error));
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "request={0} ended with {1}, but the audit log cannot be written: {2}",
                    visit.id,
                    Integer.toString(status),
                    e.getMessage());
        }
    }

    private static AuditEntry refused(Visit visit, int status, Optional<String> error) {
        return AuditEntry.refused(
                visit.id,
                visit.peer,
                Optional.ofNullable(visit.claimedKey).map(key -> shortened(key, KEY_LENGTH_MAX)),
                shortened(visit.action(), ACTION_LENGTH_MAX),
                status,
                error);
    }

    private static String shortened(String text, int max) {
        return text.length() > max ? text.substring(0, max) : text;
    }
}
