package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseTest {
    @TempDir Path directory;
    private Database database;

    @BeforeEach
    void open() throws IOException {
        database = Database.open(directory.resolve("control.db"), TimeSource.system());
    }

    @AfterEach
    void close() throws IOException {
        database.close();
    }

    private static Account account(String id) {
        return new Account(id, "name" + id, false, Optional.<Instant>empty());
    }

    private void add(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            AccessTables.FURTHER_ACCOUNTS.insert(tx, account(id));
            return null;
        });
    }

    private long count() throws IOException {
        return database.transact(tx -> AccessTables.FURTHER_ACCOUNTS.select(tx, "").size());
    }

    @Test
    void aTransactionWithinAnotherIsAPartOfIt() throws IOException {
        var seen =
                database.transact(_ -> {
                    add("1");
                    return count();
                });
        assertThat(seen).isEqualTo(1);
        assertThatThrownBy(() ->
                        database.transact(_ -> {
                            add("2");
                            throw new IOException("no further");
                        }))
                .hasMessage("no further");
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void withinAnotherItIsDoneAsTheSameAccountOrAnother() throws IOException {
        var other = new Scope(Optional.of("1"));
        var scopes =
                Scope.HOME.call(() ->
                        database.transact(_ ->
                                List.of(
                                        database.transact(Transaction::scope),
                                        other.call(() -> database.transact(Transaction::scope)))));
        assertThat(scopes).containsExactly(Optional.of(Scope.HOME), Optional.of(other));
    }

    /// It was given up, not to be used as it was left.
    @Test
    void aStatementThatFailedIsUsableAgain() throws IOException {
        add("1");
        for (var i = 0; i < 3; i++) {
            assertThatThrownBy(() -> add("1")).isInstanceOf(DatabaseException.class);
        }
        add("2");
        assertThat(count()).isEqualTo(2);
    }

    @Test
    void moreStatementsThanAreKeptAreDoneAllTheSame() throws IOException {
        add("1");
        for (var round = 0; round < 2; round++) {
            for (var i = 1; i <= 300; i++) {
                var limit = i;
                var found =
                        database.transact(
                                tx -> AccessTables.FURTHER_ACCOUNTS.select(tx, "limit " + limit));
                assertThat(found).hasSize(1);
            }
        }
    }

    /// SQLite refuses to as long as any statement has not come to its end.
    @Test
    void noStatementKeepsTheFileFromBeingWrittenAnew() throws IOException {
        add("1");
        count();
        database.compact();
        add("2");
        assertThat(count()).isEqualTo(2);
    }
}
