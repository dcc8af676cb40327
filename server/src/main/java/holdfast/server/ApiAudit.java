package holdfast.server;

import holdfast.control.AuditEntry;
import holdfast.control.AuditLog;
import holdfast.control.UsedSignatures;
import io.helidon.http.Method;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import tools.jackson.databind.node.ObjectNode;

/// Tells the audit log of the API's calls, and shows it: `/audit`. Safe for any thread.
///
/// A call that changes something is written before it does, or is not done; how it ended is written
/// right after the answer. Of an enrolment, which needs no key, the end alone: anybody may try, and
/// what comes of it is a server that the database remembers.
final class ApiAudit implements Filter, HttpService {
    private static final System.Logger LOG = System.getLogger("holdfast.audit");

    private static final int ENTRIES_MAX = 1000;
    private static final int PATH_LENGTH_MAX = 256;

    private final AuditLog log;
    private final UsedSignatures signatures;

    /// @param signatures to which other calls matter, too
    ApiAudit(AuditLog log, UsedSignatures signatures) {
        this.log = log;
        this.signatures = signatures;
    }

    /// Members of the request's body, once they are known to be fit for the log.
    record Told(Map<String, String> members) {}

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        // the gateway writes of those that it lets in
        if (request.prologue().method().equals(Method.GET) || AwsFilter.letIn(request)) {
            chain.proceed();
            return;
        }
        signatures.letInOtherwise();
        var path = request.path().rawPath(); // routing goes on to change what the request returns
        var open = Api.OPEN.contains(path);
        var call =
                AuditEntry.begun(
                        UUID.randomUUID().toString(),
                        peer(request),
                        open ? "enrolment token" : "admin key",
                        action(request.prologue().method(), path),
                        List.of());
        if (!open) {
            begin(call);
        }
        chain.proceed();
        var status = response.status().code();
        LOG.log(
                System.Logger.Level.INFO,
                "peer={0} call={1} result={2}",
                call.peer(),
                call.action(),
                Integer.toString(status));
        if (open && status >= 400) {
            // whoever it was had no token that is good: one of many unknown callers, maybe
            refused(call.call(), call.peer(), call.action(), status, Optional.empty());
        } else {
            write(call.ended(told(request), status, Optional.empty()), false);
        }
    }

    static Map<String, String> told(RoutingRequest request) {
        return request.context().get(Told.class).map(Told::members).orElse(Map.of());
    }

    private void begin(AuditEntry call) {
        try {
            log.append(call);
        } catch (IOException e) {
            throw new UncheckedIOException("the audit log cannot be written", e);
        }
    }

    /// A call that was not let in.
    void refused(RoutingRequest request, int status, String code) {
        refused(
                UUID.randomUUID().toString(),
                peer(request),
                action(request.prologue().method(), request.path().rawPath()),
                status,
                Optional.of(code));
    }

    private void refused(
            String call, String peer, String action, int status, Optional<String> error) {
        write(AuditEntry.refused(call, peer, Optional.empty(), action, status, error), true);
    }

    private void write(AuditEntry entry, boolean unknown) {
        try {
            if (unknown) {
                log.appendUnknown(entry);
            } else {
                log.append(entry);
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "{0} ended with {1}, but the audit log cannot be written: {2}",
                    entry.action(),
                    Integer.toString(entry.status()),
                    e.getMessage());
        }
    }

    private static String peer(RoutingRequest request) {
        return request.remotePeer().host();
    }

    private static String action(Method method, String path) {
        return method.text()
                + " "
                + (path.length() > PATH_LENGTH_MAX ? path.substring(0, PATH_LENGTH_MAX) : path);
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list).get("/verification", this::verify);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var before = Api.parameter(request, "before").map(ApiAudit::number).orElse(Long.MAX_VALUE);
        var wanted = member(request, "who").and(member(request, "action"));
        for (var bound : new String[] {"from", "to"}) {
            var at = Api.parameter(request, bound);
            if (at.isPresent()) {
                var instant = RequestBody.instant(bound, at.get());
                var sign = bound.equals("from") ? 1 : -1;
                wanted =
                        wanted.and(entry ->
                                time(entry)
                                        .map(t -> t.compareTo(instant) * sign >= 0)
                                        .orElse(true));
            }
        }
        var limit = Api.limit(request, ENTRIES_MAX);
        Api.send(
                response,
                200,
                ApiJson.list("entries", log.calls(wanted, before, limit), entry -> entry));
    }

    private static long number(String text) {
        if (!text.matches("[0-9]{1,18}")) {
            throw RequestBody.malformed("before is no number of an entry: " + text);
        }
        return Long.parseLong(text);
    }

    private static Optional<java.time.Instant> time(ObjectNode entry) {
        try {
            return Optional.of(java.time.Instant.parse(entry.path("at").asString("")));
        } catch (java.time.DateTimeException _) {
            return Optional.empty();
        }
    }

    /// Entries whose member is, or contains, what was asked for.
    private static Predicate<ObjectNode> member(ServerRequest request, String name) {
        var asked = Api.parameter(request, name);
        return entry -> asked.isEmpty() || entry.path(name).asString("").contains(asked.get());
    }

    private void verify(ServerRequest request, ServerResponse response) throws IOException {
        var found = log.verify();
        var json =
                ApiJson.object()
                        .put("intact", found.fault().isEmpty())
                        .put("entries", found.entries());
        found.fault().ifPresent(fault -> json.put("fault", fault));
        Api.send(response, 200, json);
    }
}
