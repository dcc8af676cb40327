package holdfast.control;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Looks again and again who was heard of, and who was not. One thread at a time.
final class Attendance {
    static final Duration SAVE_EVERY = Duration.ofSeconds(30);

    /// Rows written in one transaction: many, since each is synced to the disk, and not so many
    /// that others wait for long.
    private static final int IN_ONE_TRANSACTION = 50;

    /// Those whose silence would be news; no more of them, since it is asked every second.
    private static final String OBSERVED =
            "select id from servers where last_seen_at is not null"
                    + " and state not in ('STALLED', 'STOPPED', 'DISCONNECTED', 'DELETED')";

    private final Database database;
    private final TimeSource time;
    private final Duration silence;
    private final long startNanos;
    private final Map<String, Presence> presences;
    private final Notice notice;

    /// Writes what follows from an event, if anything does.
    @FunctionalInterface
    interface Notice {
        void apply(
                Transaction tx,
                SourceServer server,
                ReplicationEvent event,
                @Nullable Presence presence)
                throws DatabaseException;
    }

    /// @param silence an agent that says nothing for so long counts as lost
    /// @param presences by server, which others keep up to date
    Attendance(
            Database database,
            TimeSource time,
            Duration silence,
            Map<String, Presence> presences,
            Notice notice) {
        this.database = database;
        this.time = time;
        this.silence = silence;
        this.startNanos = time.nanoTime();
        this.presences = presences;
        this.notice = notice;
    }

    /// Marks servers whose agents have gone silent without their sessions ending, or that did not
    /// come back after a restart of ours.
    void noticeSilence() throws IOException {
        var silent = new ArrayList<String>();
        for (var row : database.transact(tx -> tx.query(OBSERVED))) {
            var id = String.valueOf(row[0]);
            var presence = presences.get(id);
            var seenNanos = presence == null ? startNanos : presence.seenNanos();
            if (time.nanoTime() - seenNanos > silence.toNanos()) {
                silent.add(id);
            }
        }
        forEach(
                silent,
                (tx, server) -> {
                    var presence = presences.get(server.id());
                    var seenAt =
                            presence == null ? server.lastSeenAt() : Optional.of(presence.seenAt());
                    if (seenAt.isPresent()) {
                        var event = new ReplicationEvent.NotSeen(seenAt.get());
                        notice.apply(tx, server, event, presence);
                    }
                });
    }

    /// Writes what was heard of agents since that was last done, half a minute ago or more.
    void save() throws IOException {
        var now = time.nanoTime();
        var due = new ArrayList<String>();
        presences.forEach((id, presence) -> {
            if (now - presence.savedNanos() >= SAVE_EVERY.toNanos()
                    && presence.seenNanos() - presence.savedNanos() > 0) {
                due.add(id);
            }
        });
        forEach(
                due,
                (tx, server) -> {
                    var presence = presences.get(server.id());
                    if (presence != null) {
                        Tables.SERVERS.update(
                                tx, server.seen(presence.seenAt(), presence.report()));
                    }
                });
        for (var id : due) {
            presences.computeIfPresent(id, (_, known) -> known.saved(now));
        }
    }

    private void forEach(List<String> ids, Writing writing) throws IOException {
        for (var from = 0; from < ids.size(); from += IN_ONE_TRANSACTION) {
            var part = ids.subList(from, Math.min(ids.size(), from + IN_ONE_TRANSACTION));
            database.<@Nullable Void>transact(tx -> {
                for (var id : part) {
                    var server = Tables.SERVERS.find(tx, id);
                    if (server.isPresent()) {
                        writing.write(tx, server.get());
                    }
                }
                return null;
            });
        }
    }

    @FunctionalInterface
    private interface Writing {
        void write(Transaction tx, SourceServer server) throws DatabaseException;
    }
}
