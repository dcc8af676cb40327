package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.volume.VolumeView.Run;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class AllocationWalkTest {
    private final MemoryDisk disk = new MemoryDisk(256 << 20);

    @Test
    void joinsWhatTheViewGivesInSteps() throws IOException {
        disk.fill(200 << 20, new byte[8192]);
        try (var view = disk.branch()) {
            assertThat(AllocationWalk.runs(view, 512, (256 << 20) - 512, 100))
                    .containsExactly(
                            new Run(512, (200 << 20) - 512, false),
                            new Run(200 << 20, 8192, true),
                            new Run((200 << 20) + 8192, (56 << 20) - 8192, false));
        }
    }

    @Test
    void theLastRunIsWholeWhenTheyAreTooMany() throws IOException {
        disk.fill(0, new byte[4096]);
        disk.fill(200 << 20, new byte[4096]);
        try (var view = disk.branch()) {
            assertThat(AllocationWalk.runs(view, 0, 256 << 20, 2))
                    .containsExactly(
                            new Run(0, 4096, true), new Run(4096, (200 << 20) - 4096, false));
            assertThat(AllocationWalk.runs(view, 0, 256 << 20, 1))
                    .containsExactly(new Run(0, 4096, true));
        }
    }

    @Test
    void shortHolesCountAsData() {
        var runs =
                List.of(
                        new Run(0, 100, true),
                        new Run(100, 9, false),
                        new Run(109, 100, true),
                        new Run(209, 10, false),
                        new Run(219, 1, true));
        assertThat(AllocationWalk.withoutShortHoles(runs, 10))
                .containsExactly(
                        new Run(0, 209, true), new Run(209, 10, false), new Run(219, 1, true));
    }
}
