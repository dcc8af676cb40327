package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.RefusalException;
import holdfast.volume.ReplicaStore;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailuresTest {
    /// Nobody tells the agent when the key is there again.
    @ParameterizedTest
    @ValueSource(strings = {SessionControl.KEY_MISSING, ReplicaStore.KEY_MISSING})
    void anAgentAsksAgainSoonWhetherAKeyWasPutBack(String code) {
        var told = Failures.refused(new RefusalException(code, "put it back"));
        assertThat(told.code()).isEqualTo(code);
        assertThat(told.retryAfterMillis()).isEqualTo(10_000);
    }
}
