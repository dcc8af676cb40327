package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UninstallTest {
    private final Filesystem files = Filesystem.local();
    @TempDir private Path folder;

    @Test
    void nothingIsLeftAndOnceIsEnough() throws Exception {
        var state = folder.resolve("agent");
        StateDirectory.open(files, state).close();
        assertThat(state).as("an enrolment that came to nothing").doesNotExist();
        Files.createDirectory(state);
        Files.writeString(state.resolve("identity.pem"), "-");
        Files.writeString(state.resolve("replicator"), "localhost:1500");
        Agent.uninstall(files, state);
        assertThat(state).doesNotExist();
        assertThatThrownBy(() -> Agent.uninstall(files, state))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("no agent has been here");
    }

    @Test
    void notWhileTheAgentRuns() throws Exception {
        var state = folder.resolve("agent");
        Files.createDirectory(state);
        Files.writeString(state.resolve("identity.pem"), "-");
        try (var _ = StateDirectory.open(files, state)) {
            assertThatThrownBy(() -> Agent.uninstall(files, state))
                    .isInstanceOf(RefusalException.class)
                    .hasMessageContaining("in use by another agent");
        }
        assertThat(state.resolve("identity.pem")).exists();
    }
}
