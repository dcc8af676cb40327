package holdfast.server;

import holdfast.base.RefusalException;
import holdfast.control.DamagedDatabaseException;
import holdfast.volume.DamagedDataException;
import holdfast.volume.NoRoomException;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpException;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;

/// Every failure as `{"code", "message"}` with the status that fits it.
final class ApiErrors {
    private static final System.Logger LOG = System.getLogger("holdfast.api");

    private static final Set<String> TOKEN_CODES =
            Set.of("token-unknown", "token-used", "token-expired", "token-malformed");

    private ApiErrors() {}

    static void addTo(HttpRouting.Builder routing) {
        routing.error(
                        ApiException.class,
                        (_, response, e) -> {
                            e.headers()
                                    .forEach((name, value) ->
                                            response.header(HeaderValues.create(name, value)));
                            send(response, e.status(), e.code(), message(e));
                        })
                .error(
                        RefusalException.class,
                        (_, response, e) -> send(response, status(e.code()), e.code(), message(e)))
                .error(
                        HttpException.class,
                        (_, response, e) -> send(response, e.status().code(), "http", message(e)))
                .error(IOException.class, (_, response, e) -> world(response, e))
                .error(
                        Throwable.class,
                        (request, response, e) -> {
                            LOG.log(
                                    System.Logger.Level.ERROR,
                                    "call=" + request.path().path() + " broke an invariant",
                                    e);
                            send(
                                    response,
                                    500,
                                    "internal",
                                    "a fault of Holdfast's own: see the server's log");
                        });
    }

    private static void world(ServerResponse response, IOException e) {
        LOG.log(System.Logger.Level.WARNING, "call failed: {0}", e.getMessage());
        switch (e) {
            case DamagedDatabaseException damaged ->
                    send(response, 500, "damaged-data", message(damaged));
            case DamagedDataException damaged ->
                    send(response, 500, "damaged-data", message(damaged));
            case NoRoomException full -> send(response, 507, "staging-full", message(full));
            case IOException other -> send(response, 500, "storage-failing", message(other));
        }
    }

    /// What is refused is by its code not there, malformed, not allowed, or in conflict with how
    /// things stand.
    private static int status(String code) {
        if (TOKEN_CODES.contains(code)) {
            return 403;
        }
        if (code.startsWith("unknown-")) {
            return 404;
        }
        return code.startsWith("malformed-") ? 400 : 409;
    }

    private static String message(Exception e) {
        var message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    private static void send(ServerResponse response, int status, String code, String message) {
        response.status(Status.create(status))
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .send(ApiJson.object().put("code", code).put("message", message).toString());
    }
}
