package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.replication.ReplicationLink.Session;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ResumptionTest {
    private static final long REPLICA = DiskMemo.replicaOf("store", "vol-1");
    private static final Optional<String> TRUSTED = Optional.empty();
    private static final Optional<DiskMemo> UNKNOWN = Optional.empty();

    @Test
    void aNewReplicaIsCopied() {
        var resumption = decide(UNKNOWN, found(true, -1), Optional.of("the tracker is new"));
        assertThat(resumption.memo().phase()).isEqualTo(Phase.FIRST_COPY);
        assertThat(resumption.everything()).isTrue();
    }

    @Test
    void aReplicaThatNobodyRemembersIsCompared() {
        var resumption = decide(UNKNOWN, found(false, 7), Optional.of("rebooted"));
        assertThat(resumption.memo().phase()).isEqualTo(Phase.COMPARE);
        assertThat(resumption.everything()).isTrue();
        assertThat(resumption.reason()).isEqualTo("rebooted");
    }

    /// Zeros of an interrupted first copy would be lost, were it begun again as if for a new one.
    @Test
    void aFirstCopyGoesOnEvenIfNothingIsStoredYet() {
        var memo = new DiskMemo(REPLICA, Phase.FIRST_COPY, 512, false);
        var resumption = decide(Optional.of(memo), found(true, -1), TRUSTED);
        assertThat(resumption.memo()).isEqualTo(memo);
        assertThat(resumption.everything()).isFalse();
    }

    @Test
    void aDistrustedTrackerMeansAComparisonFromTheStart() {
        var memo = new DiskMemo(REPLICA, Phase.FIRST_COPY, 512, false);
        var resumption = decide(Optional.of(memo), found(true, -1), Optional.of("lost events"));
        assertThat(resumption.memo().phase()).isEqualTo(Phase.COMPARE);
        assertThat(resumption.memo().frontier()).isZero();
        assertThat(resumption.everything()).isTrue();
    }

    @Test
    void aReplicaBehindTheAcknowledgedPointIsCompared() {
        var memo = new DiskMemo(REPLICA, Phase.CHANGES, 0, true);
        assertThat(decide(Optional.of(memo), found(false, 41), TRUSTED).memo().phase())
                .isEqualTo(Phase.COMPARE);
        assertThat(decide(Optional.of(memo), found(false, 42), TRUSTED).everything()).isFalse();
        assertThat(decide(Optional.of(memo), found(false, 43), TRUSTED).everything()).isFalse();
    }

    /// Numbers are noted before anything of a round is sent: a higher one is somebody else's.
    @Test
    void aReplicaThatAnotherAgentHasWrittenToIsCompared() {
        var memo = new DiskMemo(REPLICA, Phase.CHANGES, 0, true);
        var resumption = decide(Optional.of(memo), found(false, 44), TRUSTED);
        assertThat(resumption.memo().phase()).isEqualTo(Phase.COMPARE);
        assertThat(resumption.everything()).isTrue();
        assertThat(resumption.reason()).contains("another agent");
    }

    /// A disk that was added later has no point although the others have.
    @Test
    void aReplicaThatNeverHadAPointIsNotBehind() {
        var memo = new DiskMemo(REPLICA, Phase.COMPARE, 99, false);
        assertThat(decide(Optional.of(memo), found(false, -1), TRUSTED).memo()).isEqualTo(memo);
    }

    @Test
    void anotherReplicaIsNotTheOneThatIsRemembered() {
        var memo = new DiskMemo(REPLICA + 1, Phase.CHANGES, 0, true);
        assertThat(decide(Optional.of(memo), found(false, 42), TRUSTED).memo())
                .isEqualTo(new DiskMemo(REPLICA, Phase.COMPARE, 0, false));
        assertThat(decide(Optional.of(memo), found(true, -1), TRUSTED).memo())
                .isEqualTo(new DiskMemo(REPLICA, Phase.FIRST_COPY, 0, false));
    }

    private static Resumption decide(
            Optional<DiskMemo> remembered, Session.Disk found, Optional<String> distrust) {
        return Resumption.decide(remembered, 43, 42, "store", found, distrust);
    }

    private static Session.Disk found(boolean newVolume, long lastRound) {
        return new Session.Disk("vol-1", newVolume, lastRound);
    }
}
