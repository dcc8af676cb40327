package holdfast.server;

import holdfast.hostile.HostileInput;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Bodies of requests to `/api/v1`: what is no such object, or has a member of another type, is
/// refused with a code.
class HostileApiTest {
    private static final Set<String> MEMBERS = Set.of("name", "servers", "drill", "days", "at");

    @Test
    void bodies() throws Exception {
        var body =
                "{\"name\":\"web\",\"servers\":[\"s-1\",\"s-2\"],\"drill\":true,\"days\":7,"
                        + "\"at\":\"2026-11-21T14:29:59.000Z\"}";
        new HostileInput(
                        List.of(
                                body.getBytes(StandardCharsets.UTF_8),
                                "{\"name\":[[[[{}]]]],\"days\":1e99}"
                                        .getBytes(StandardCharsets.UTF_8)),
                        1 << 20,
                        ApiException.class)
                .feed(input -> {
                    var read = RequestBody.parse(input, MEMBERS);
                    ask(() -> read.text("name"));
                    ask(() -> read.texts("servers"));
                    ask(() -> read.requiredFlag("drill"));
                    ask(() -> read.number("days", 1, 365));
                    ask(() -> RequestBody.instant("at", read.text("at")));
                });
    }

    /// Each by itself: the refusal of one must not keep the others from being asked for.
    private static void ask(Runnable member) {
        try {
            member.run();
        } catch (ApiException _) {
            // a refusal
        }
    }
}
