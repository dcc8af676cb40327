package holdfast.systemtest;

import holdfast.demo.Commands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Two network namespaces joined by a link of 20 Mbit/s each way that loses 2 % of the packets, and
/// can be cut; by another link, as good as they come, we reach the server. Closing removes all.
final class PoorNetwork implements AutoCloseable {
    /// Bits a second, each way.
    static final long RATE = 20_000_000;

    private static final String LOSS = "0.02";

    private final Commands commands;
    private final Side agent;
    private final Side server;
    private final Side us;

    /// One end: a namespace with one end of the link, named alike; of ours, the link only.
    private record Side(String name, String address) {}

    private PoorNetwork(Commands commands, Side agent, Side server, Side us) {
        this.commands = commands;
        this.agent = agent;
        this.server = server;
        this.us = us;
    }

    static PoorNetwork make(Commands commands) throws IOException, InterruptedException {
        // names of links are short; those of namespaces begin as CI expects
        var pid = ProcessHandle.current().pid();
        var number = Long.toString(pid % 100_000);
        var subnet = "10.213." + pid % 256; // ours are seen by the whole machine
        var agent = new Side("hf-a" + number, subnet + ".1");
        var server = new Side("hf-s" + number, subnet + ".2");
        var us = new Side("hf-u" + number, subnet + ".3");
        var network = new PoorNetwork(commands, agent, server, us);
        try {
            for (var side : List.of(agent, server)) {
                commands.output("ip", "netns", "add", side.name());
            }
            network.join();
            network.reachServer();
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

    private void reachServer() throws IOException, InterruptedException {
        run("ip link add %s type veth peer name %s netns %s", us.name(), us.name(), server.name());
        run("ip addr add %s/32 dev %s", us.address(), us.name());
        run("ip link set %s up", us.name());
        run("ip route add %s/32 dev %s src %s", server.address(), us.name(), us.address());
        run(server, "ip link set %s up", us.name());
        run(server, "ip route add %s/32 dev %s", us.address(), us.name());
    }

    /// Of the server, for the agent and for us.
    String serverAddress() {
        return server.address();
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
        commands.run(in(side, words(format, values))).orThrow();
    }

    private void run(String format, Object... values) throws IOException, InterruptedException {
        commands.run(words(format, values)).orThrow();
    }

    private static List<String> words(String format, Object... values) {
        return List.of(String.format(Locale.ROOT, format, values).split(" ", -1));
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
