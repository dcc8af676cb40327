package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LaunchRecordTest {
    private static final Path FILE = Path.of("/h/machines/ri-1/machine.json");
    private static final LaunchRecord RECORD =
            new LaunchRecord(
                    new MachineSpec(
                            "ri-1",
                            "web \"1\" é",
                            4,
                            1L << 36,
                            true,
                            List.of(
                                    new MachineSpec.Disk(Path.of("/n/a.sock"), "vol-1", "s1"),
                                    new MachineSpec.Disk(Path.of("/n/b.sock"), "vol-2", "s2")),
                            List.of(new MachineSpec.Card("vpc-1", "52:54:00:00:00:01"))),
                    new Accelerator(Accelerator.Kind.KVM, "trial with kvm: the BIOS ran"),
                    new HostCapacity.Grant(2, 1L << 35, "given 2 of 4 processors"),
                    Instant.parse("2026-11-21T08:00:00.123456789Z"));

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        assertThat(LaunchRecord.decode(FILE, text())).isEqualTo(RECORD);
    }

    @Test
    void aRecordFromBeforeThereWereNetworksIsRead() throws IOException {
        var earlier = text().replaceFirst("\"cards\" : \\[[^]]*],", "");
        assertThat(earlier).doesNotContain("cards");
        assertThat(LaunchRecord.decode(FILE, earlier).spec().cards()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"id\"",
                "\"disks\"",
                "\"socket\"",
                "\"launchedAt\" : \"2",
                "\"accelerator\" : \"k",
                "\"cpuCount\" : 4",
                "}"
            })
    void damageNamesTheFile(String broken) {
        assertThatThrownBy(() -> LaunchRecord.decode(FILE, text().replace(broken, "\"x\" : \"")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(FILE + ": damaged: ");
    }

    @Test
    void aLaterVersionIsToldApartFromDamage() {
        var later = text().replace("\"version\" : 1", "\"version\" : 2");
        assertThatThrownBy(() -> LaunchRecord.decode(FILE, later))
                .isInstanceOf(IOException.class)
                .hasMessage(FILE + ": version 2 of a newer release, this one reads 1");
    }

    private static String text() {
        return new String(RECORD.encode(), StandardCharsets.UTF_8);
    }
}
