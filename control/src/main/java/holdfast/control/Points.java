package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Pattern;

/// Finding the consistency point that a user means. Safe for any thread.
final class Points {
    private static final Pattern ID = Pattern.compile("pit-[0-9a-f]{17}");

    private final VolumeStore store;

    Points(VolumeStore store) {
        this.store = store;
    }

    /// @throws RefusalException if there is no such point, with the oldest there is
    ConsistencyPoint choose(String server, PointChoice choice) throws IOException {
        return switch (choice) {
            case PointChoice.Newest() ->
                    store.newestPoint(server).orElseThrow(() -> noneYet(server));
            case PointChoice.At(var time) -> {
                var found = store.pointAt(server, time);
                if (found.isEmpty()) {
                    throw refusal(
                            server,
                            "point-before-window",
                            String.format(
                                    Locale.ROOT,
                                    "server %s has no consistency point at or before %s",
                                    server,
                                    time));
                }
                yield found.get();
            }
            case PointChoice.ById(var id) -> {
                var found = store.point(server, sequence(id));
                if (found.isEmpty()) {
                    throw refusal(
                            server,
                            "unknown-point",
                            String.format(
                                    Locale.ROOT,
                                    "server %s has no consistency point %s, or no longer",
                                    server,
                                    id));
                }
                yield found.get();
            }
        };
    }

    private static long sequence(String id) {
        if (!ID.matcher(id).matches()) {
            throw new RefusalException(
                    "malformed-point",
                    String.format(
                            Locale.ROOT,
                            "not the id of a consistency point: %s; expected `pit-` and 17 hex digits",
                            id));
        }
        // The first of the 17 digits is beyond 64 bits, hence 0 in every id that we gave out.
        return id.charAt(4) == '0' ? Long.parseUnsignedLong(id.substring(5), 16) : -1;
    }

    private RefusalException refusal(String server, String code, String message)
            throws IOException {
        var newest = store.newestPoint(server);
        if (newest.isEmpty()) {
            return noneYet(server);
        }
        var oldest = oldest(server, newest.get());
        return new RefusalException(
                code,
                String.format(
                        Locale.ROOT,
                        "%s: the oldest available is %s of %s, the newest %s of %s",
                        message,
                        oldest.id(),
                        oldest.instant(),
                        newest.get().id(),
                        newest.get().instant()));
    }

    /// By bisection, since the store lists a range from its newest end and a window may hold a
    /// hundred thousand points.
    private ConsistencyPoint oldest(String server, ConsistencyPoint newest) throws IOException {
        var oldest = newest;
        var before = Instant.EPOCH; // no point at or before it
        while (before.until(oldest.instant()).toMillis() > 1) {
            var middle = before.plus(before.until(oldest.instant()).dividedBy(2));
            var found = store.pointAt(server, middle);
            if (found.isPresent()) {
                oldest = found.get();
            } else {
                before = middle;
            }
        }
        return oldest;
    }

    private static RefusalException noneYet(String server) {
        return new RefusalException(
                "no-point",
                String.format(
                        Locale.ROOT,
                        "server %s has no consistency point yet: wait until it is CONTINUOUS",
                        server));
    }
}
