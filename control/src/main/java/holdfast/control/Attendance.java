package holdfast.control;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Looks again and again who was heard of, and who was not. One thread at a time.
final class Attendance {
    /// What is heard of agents is in memory; what is written serves the next start, to which it
    /// makes little difference how old it is.
    static final Duration SAVE_EVERY = Duration.ofMinutes(5);

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

    /// Writes what was heard of some agents since that was last done, minutes ago: of those for
    /// which it is the longest time ago, and no more of them than can be written at once. With
    /// thousands their turns are spread so.
    void saveSome() throws IOException {
        var now = time.nanoTime();
        save(
                now,
                heard(now - SAVE_EVERY.toNanos())
                        .sorted(Comparator.comparingLong(one -> one.getValue().savedNanos() - now))
                        .limit(IN_ONE_TRANSACTION)
                        .map(Map.Entry::getKey)
                        .toList());
    }

    /// Writes all that was heard, for the next start.
    void saveAll() throws IOException {
        var now = time.nanoTime();
        save(now, heard(now).map(Map.Entry::getKey).toList());
    }

    /// Agents that were heard since they were last written, which was not after that time.
    private Stream<Map.Entry<String, Presence>> heard(long savedNanosMax) {
        return presences.entrySet().stream()
                .filter(one -> one.getValue().savedNanos() - savedNanosMax <= 0)
                .filter(one -> one.getValue().seenNanos() - one.getValue().savedNanos() > 0);
    }

    private void save(long now, List<String> due) throws IOException {
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
