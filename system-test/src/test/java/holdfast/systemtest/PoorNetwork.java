package holdfast.systemtest;

import holdfast.demo.Commands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Two network namespaces joined by a link of 20 Mbit/s each way that loses 2 % of the packets, and
/// can be cut. Closing removes both.
final class PoorNetwork implements AutoCloseable {
    static final String SERVER_ADDRESS = "10.213.77.2";
    private static final String AGENT_ADDRESS = "10.213.77.1";

    /// Bits a second, each way.
    static final long RATE = 20_000_000;

    private static final String LOSS = "0.02";

    private final Commands commands;
    private final Side agent;
    private final Side server;

    /// One end: a namespace with one end of the link, named alike.
    private record Side(String name, String address) {}

    private PoorNetwork(Commands commands, Side agent, Side server) {
        this.commands = commands;
        this.agent = agent;
        this.server = server;
    }

    static PoorNetwork make(Commands commands) throws IOException, InterruptedException {
        // names of links are short; those of namespaces begin as CI expects
        var number = Long.toString(ProcessHandle.current().pid() % 100_000);
        var agent = new Side("hf-a" + number, AGENT_ADDRESS);
        var server = new Side("hf-s" + number, SERVER_ADDRESS);
        var network = new PoorNetwork(commands, agent, server);
        try {
            for (var side : List.of(agent, server)) {
                commands.output("ip", "netns", "add", side.name());
            }
            network.join();
        } catch (IOException | InterruptedException e) {
            network.close();
            throw e;
        }
        return network;
    }

    private void join() throws IOException, InterruptedException {
        run(
                agent,
                "ip link add %s type veth peer name %s netns %s",
                agent.name(),
                server.name(),
                server.name());
        for (var side : List.of(agent, server)) {
            run(side, "ip link set lo up");
            run(side, "ip addr add %s/24 dev %s", side.address(), side.name());
            run(side, "ip link set %s up", side.name());
            run(
                    side,
                    "tc qdisc add dev %s root tbf rate %d burst 32kb latency 100ms",
                    side.name(),
                    RATE);
            run(
                    side,
                    "iptables -A INPUT -i %s -m statistic --mode random --probability %s -j DROP",
                    side.name(),
                    LOSS);
        }
    }

    /// A command that runs at the agent's end. Not by `ip netns exec`, which takes the file systems
    /// below /sys away.
    List<String> atAgent(List<String> command) {
        return in(agent, command);
    }

    List<String> atServer(List<String> command) {
        return in(server, command);
    }

    /// As if the cable were pulled: both ends see it.
    void pull() throws IOException, InterruptedException {
        run(agent, "ip link set %s down", agent.name());
    }

    void plug() throws IOException, InterruptedException {
        run(agent, "ip link set %s up", agent.name());
    }

    /// Every packet is lost, both ways, and neither end is told.
    void swallow() throws IOException, InterruptedException {
        for (var side : List.of(agent, server)) {
            run(side, "iptables -I INPUT -i %s -j DROP", side.name());
        }
    }

    void passAgain() throws IOException, InterruptedException {
        for (var side : List.of(agent, server)) {
            run(side, "iptables -D INPUT -i %s -j DROP", side.name());
        }
    }

    private void run(Side side, String format, Object... values)
            throws IOException, InterruptedException {
        var command = String.format(Locale.ROOT, format, values).split(" ", -1);
        commands.run(in(side, List.of(command))).orThrow();
    }

    private static List<String> in(Side side, List<String> command) {
        var all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + side.name()));
        all.addAll(command);
        return all;
    }

    @Override
    public void close() throws IOException {
        try {
            for (var side : List.of(agent, server)) {
                commands.run(List.of("ip", "netns", "delete", side.name()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while namespaces were removed", e);
        }
    }
}
