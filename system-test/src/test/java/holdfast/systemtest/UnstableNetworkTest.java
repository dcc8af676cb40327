package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.model.DataReplicationError;
import software.amazon.awssdk.services.drs.model.DataReplicationErrorString;

/// A network that cuts connections is told from an agent that ends.
class UnstableNetworkTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String RELAY = "127.0.0.2";

    @Test
    @Tag("long")
    void anAgentThatLosesItsConnectionThriceHasAnUnstableNetworkAndOneThatIsKilledHasNot()
            throws Exception {
        try (var lab = Lab.open("unstable")) {
            var disk = Files.write(lab.directory.resolve("disk.img"), new byte[1 << 20]);
            var relay = lab.keep(CountingRelay.open(RELAY, lab.installation.replicationAddress()));
            Files.createDirectories(lab.installation.data());
            Files.writeString(
                    lab.installation.data().resolve("holdfast.properties"), "address=" + RELAY);
            var server = lab.installation.startServer();
            var agent = lab.installation.startAgent(List.of("--disk", disk.toString()));
            lab.installation.awaitState("CONTINUOUS", agent, PATIENCE);
            agent.destroyForcibly().waitFor();
            lab.installation.awaitState("STALLED", server, PATIENCE);
            agent = lab.installation.restartAgent(List.of("--disk", disk.toString()));
            lab.installation.awaitState("CONTINUOUS", agent, PATIENCE);
            assertThat(lab.installation.server().has("lostConnections")).isFalse();
            for (var lost = 1; lost <= 3; lost++) {
                relay.cut();
                var expected = lost;
                lab.installation.await(
                        "loss " + lost,
                        agent,
                        PATIENCE,
                        () ->
                                lab.installation.server().path("lostConnections").asInt(0)
                                        == expected);
                lab.installation.awaitState("CONTINUOUS", agent, PATIENCE);
            }
            relay.close();
            relay.cut();
            lab.installation.awaitState("STALLED", agent, PATIENCE);
            var fixture = new DrsFixture(lab, disk);
            try (var drs = fixture.client(fixture.firstKey())) {
                drs.initializeService(_ -> {});
                var error =
                        drs.describeSourceServers(_ -> {})
                                .items()
                                .getFirst()
                                .dataReplicationInfo()
                                .dataReplicationError();
                assertThat(error)
                        .extracting(DataReplicationError::error)
                        .isEqualTo(DataReplicationErrorString.UNSTABLE_NETWORK);
                assertThat(error.rawError()).contains("3 times within 10 minutes");
            }
        }
    }
}
