package holdfast.replication;

import static holdfast.replication.MachineIdentity.Likeness.OTHER;
import static holdfast.replication.MachineIdentity.Likeness.SAME;
import static holdfast.replication.MachineIdentity.Likeness.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MachineIdentityTest {
    private static final String UUID = "8f4e5f6a-0c1d-4e2b-9a3c-5d6e7f8091a2";
    private static final String OTHER_UUID = "11111111-2222-3333-4444-555555555555";
    private static final String CARD = "52:54:00:12:34:56";

    @Test
    void theFirmwareDecidesBeforeTheCards() {
        assertThat(of(UUID, CARD).likeness(of(OTHER_UUID, CARD))).isEqualTo(OTHER);
        assertThat(of(UUID, CARD).likeness(of(UUID, "52:54:00:00:00:01"))).isEqualTo(SAME);
    }

    @Test
    void cardsDecideWhereTheFirmwareSaysNothing() {
        assertThat(of("", CARD).likeness(of(UUID, CARD, "52:54:00:00:00:01"))).isEqualTo(SAME);
        assertThat(of("", CARD).likeness(of("", "52:54:00:00:00:01"))).isEqualTo(OTHER);
    }

    @Test
    void whatIsNotKnownDecidesNothing() {
        assertThat(of("").likeness(of("", CARD))).isEqualTo(UNKNOWN);
        assertThat(of(UUID).likeness(MachineIdentity.UNKNOWN)).isEqualTo(UNKNOWN);
    }

    @Test
    void whatManyMachinesHaveIsNoIdentity() {
        for (var shared :
                List.of(
                        "Not Settable",
                        "00000000-0000-0000-0000-000000000000",
                        "03000200-0400-0500-0006-000700080009",
                        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")) {
            assertThat(of(shared).systemUuid()).as(shared).isEmpty();
        }
        assertThat(of(" 8F4E5F6A-0C1D-4E2B-9A3C-5D6E7F8091A2\n").systemUuid()).isEqualTo(UUID);
    }

    private static MachineIdentity of(String uuid, String... cards) {
        return MachineIdentity.of(uuid, List.of(cards));
    }
}
