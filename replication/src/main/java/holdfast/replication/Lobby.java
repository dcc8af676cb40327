package holdfast.replication;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/// Connections that have not begun a session yet. Each has a deadline, and when too many wait the
/// oldest must go: whoever means it is done within a moment, so those who only hold a place cannot
/// keep others out. Safe for any thread.
final class Lobby {
    private final TimeSource time;
    private final int guestsMax;
    private final Duration patience;
    private final LinkedHashSet<Guest> guests = new LinkedHashSet<>();
    private boolean closed;

    Lobby(TimeSource time, int guestsMax, Duration patience) {
        this.time = time;
        this.guestsMax = guestsMax;
        this.patience = patience;
    }

    /// Lets a connection in. It is closed when it stays too long.
    Guest enter(Network.Connection connection) {
        var guest = new Guest(connection, time.nanoTime() + patience.toNanos());
        var leaving = new ArrayList<Guest>();
        synchronized (this) {
            guests.add(guest);
            if (closed) {
                leaving.add(guest);
            } else if (guests.size() > guestsMax) {
                leaving.add(guests.removeFirst());
            }
        }
        leaving.forEach(Guest::showOut);
        return guest;
    }

    /// Closes every connection whose time is up.
    void expire() {
        var now = time.nanoTime();
        List<Guest> late;
        synchronized (this) {
            late = guests.stream().filter(guest -> guest.deadlineNanos - now < 0).toList();
        }
        late.forEach(Guest::showOut);
    }

    /// Closes every connection, also those that come later.
    void close() {
        List<Guest> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(guests);
        }
        all.forEach(Guest::showOut);
    }

    /// One connection that waits.
    final class Guest implements AutoCloseable {
        private final Network.Connection connection;
        private final long deadlineNanos;

        private Guest(Network.Connection connection, long deadlineNanos) {
            this.connection = connection;
            this.deadlineNanos = deadlineNanos;
        }

        /// The connection waits no longer: it has begun its session, or is closed.
        @Override
        public void close() {
            synchronized (Lobby.this) {
                guests.remove(this);
            }
        }

        private void showOut() {
            try {
                connection.close();
            } catch (IOException _) {
                // it is gone, which is what was wanted
            }
        }
    }
}
