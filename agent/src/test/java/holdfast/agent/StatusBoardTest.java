package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.replication.AgentReport.State;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StatusBoardTest {
    private final FakeTime time = new FakeTime();
    private final StatusBoard board = new StatusBoard(time, Duration.ofSeconds(60));

    @Test
    void statesFollowEachOtherAsTheUserSeesThem() {
        board.disks(List.of(stand(Phase.FIRST_COPY, 128, 0), stand(Phase.CHANGES, 0, 0)));
        assertThat(board.report().state()).isEqualTo(State.INITIAL_SYNC);
        time.advance(Duration.ofHours(1));
        board.disks(List.of(stand(Phase.FIRST_COPY, 250, 0), stand(Phase.CHANGES, 0, 0)));
        board.disks(List.of(stand(Phase.CHANGES, 0, 5), stand(Phase.CHANGES, 0, 0)));
        assertThat(board.report().state()).isEqualTo(State.CREATING_SNAPSHOT);
        board.roundAcknowledged(Optional.of(time.now()), 0);
        assertThat(board.report().state()).isEqualTo(State.CONTINUOUS);
        time.advance(Duration.ofSeconds(61));
        board.trouble("3 blocks were written before they could be read");
        assertThat(board.report().state()).isEqualTo(State.BACKLOG);
        assertThat(board.report().detail())
                .startsWith("no consistency point since 1970-")
                .endsWith(": 3 blocks were written before they could be read");
        board.disks(List.of(stand(Phase.COMPARE, 64, 0), stand(Phase.CHANGES, 0, 0)));
        assertThat(board.report().state()).isEqualTo(State.RESCAN);
        board.disks(List.of(stand(Phase.CHANGES, 0, 0), stand(Phase.CHANGES, 0, 0)));
        assertThat(board.report().state()).isEqualTo(State.CREATING_SNAPSHOT);
    }

    @Test
    void withoutAFirstPointForTooLongThereIsABacklog() {
        board.disks(List.of(stand(Phase.CHANGES, 0, 7)));
        time.advance(Duration.ofSeconds(61));
        assertThat(board.report().state()).isEqualTo(State.BACKLOG);
        assertThat(board.report().detail()).isEqualTo("no consistency point so far");
    }

    @Test
    void progressRateAndTimeLeftAreThoseOfTheWork() {
        board.disks(List.of(stand(Phase.FIRST_COPY, 64, 2)));
        for (var second = 0; second < 5; second++) {
            board.read(100_000);
            time.advance(Duration.ofSeconds(1));
        }
        var report = board.report();
        assertThat(report.bytesPerSecond()).isEqualTo(100_000);
        var disk = report.disks().getFirst();
        assertThat(disk.totalBytes()).isEqualTo(256 * 4096);
        assertThat(disk.replicatedBytes()).isEqualTo(64 * 4096);
        assertThat(disk.rescannedBytes()).isZero();
        assertThat(disk.backlogBytes()).isEqualTo(2 * 4096);
        assertThat(board.status().etaMillis()).hasValue((192 + 2) * 4096 * 1000 / 100_000);
    }

    @Test
    void lagIsTheAgeOfTheNewestPoint() {
        assertThat(board.status().lagMillis()).isEmpty();
        var instant = time.now();
        time.advance(Duration.ofMillis(350));
        board.roundAcknowledged(Optional.of(instant), 4);
        board.roundAcknowledged(Optional.empty(), 2);
        time.advance(Duration.ofMillis(50));
        var status = board.status();
        assertThat(status.lagMillis()).hasValue(400);
        assertThat(status.counters().rounds()).isEqualTo(2);
        assertThat(status.counters().consistentRounds()).isEqualTo(1);
        assertThat(status.counters().conflictBlocks()).isEqualTo(6);
    }

    /// A link that stands still is not a healthy one.
    @Test
    void whyTheReplicatorAcknowledgesNothingIsShown() {
        board.connected(() -> Optional.of("the staging area is full"));
        assertThat(board.status().link().reason()).isEqualTo("the staging area is full");
        board.connected(Optional::empty);
        assertThat(board.status().link().reason()).isEmpty();
    }

    private static StatusBoard.DiskStand stand(Phase phase, long frontier, long backlog) {
        return new StatusBoard.DiskStand("/dev/sda", 256 * 4096, phase, frontier, backlog);
    }
}
