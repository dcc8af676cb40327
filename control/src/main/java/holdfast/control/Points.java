package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Finding the consistency point that a user means. Safe for any thread.
final class Points {
    private static final Pattern ID = Pattern.compile("pit-[0-9a-f]{17}");

    private final VolumeStore store;
    private final Database database;

    Points(VolumeStore store, Database database) {
        this.store = store;
        this.database = database;
    }

    /// Who has the volumes whose points a server has.
    ///
    /// @throws RefusalException if it is extended, and not as it should be
    private String source(String server) throws IOException {
        return database.transact(tx -> {
            var everything = tx.whole();
            var row = Servers.row(everything, server);
            if (row.isEmpty()) {
                return server;
            }
            Extensions.requireIntact(everything, server);
            return Shown.of(everything, row.get()).source();
        });
    }

    /// Those with `from <= instant <= to`, oldest first, the newest `limit` of them.
    List<ConsistencyPoint> between(String server, Instant from, Instant to, int limit)
            throws IOException {
        return store.points(source(server), from, to, limit);
    }

    /// The newest one at or before a time of the source's clock.
    Optional<ConsistencyPoint> at(String server, Instant time) throws IOException {
        return store.pointAt(source(server), time);
    }

    /// @throws RefusalException if there is no such point, with the oldest there is
    ConsistencyPoint choose(String server, PointChoice choice) throws IOException {
        var source = source(server);
        return switch (choice) {
            case PointChoice.Newest() ->
                    store.newestPoint(source).orElseThrow(() -> noneYet(server));
            case PointChoice.At(var time) -> {
                var found = store.pointAt(source, time);
                if (found.isEmpty()) {
                    throw refusal(
                            server,
                            source,
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
                var found = store.point(source, sequence(id));
                if (found.isEmpty()) {
                    throw refusal(
                            server,
                            source,
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

    private RefusalException refusal(String server, String source, String code, String message)
            throws IOException {
        var newest = store.newestPoint(source);
        if (newest.isEmpty()) {
            return noneYet(server);
        }
        var oldest = oldest(source, newest.get());
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
    private ConsistencyPoint oldest(String source, ConsistencyPoint newest) throws IOException {
        var oldest = newest;
        var before = Instant.EPOCH; // no point at or before it
        while (before.until(oldest.instant()).toMillis() > 1) {
            var middle = before.plus(before.until(oldest.instant()).dividedBy(2));
            var found = store.pointAt(source, middle);
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
