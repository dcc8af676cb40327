package holdfast.base.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LinuxThreadsTest {
    @Test
    void onlyTheCallingThreadBecomesNicer() throws Exception {
        var before = LinuxThreads.niceness();
        var seen = new AtomicInteger();
        Thread.ofPlatform()
                .start(() -> {
                    assertThat(LinuxThreads.niceness(before + 3)).isTrue();
                    seen.set(LinuxThreads.niceness());
                })
                .join();
        assertThat(seen).hasValue(before + 3);
        assertThat(LinuxThreads.niceness()).isEqualTo(before);
    }
}
