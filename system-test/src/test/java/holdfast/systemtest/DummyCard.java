package holdfast.systemtest;

import holdfast.demo.Commands;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.SplittableRandom;

/// A network card of this machine that leads nowhere, a bridge without ports, so that agents have
/// networks to tell of wherever tests run. No route leads to it, so that whatever really is in such
/// a network is still reached. Closing removes it.
///
/// @param name as ip(8) shows it
record DummyCard(Commands commands, String name) implements AutoCloseable {
    /// @param addresses with the lengths of their prefixes
    static DummyCard make(Commands commands, List<String> addresses)
            throws IOException, InterruptedException {
        var name = "hf-" + Integer.toHexString(new SplittableRandom().nextInt());
        commands.output("ip", "link", "add", name, "type", "bridge");
        var card = new DummyCard(commands, name);
        try {
            for (var address : addresses) {
                commands.output("ip", "address", "add", address, "dev", name, "noprefixroute");
            }
            commands.output("ip", "link", "set", name, "up");
            return card;
        } catch (IOException e) {
            card.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            commands.output("ip", "link", "delete", name);
        } catch (InterruptedException e) {
            throw new InterruptedIOException("card " + name + " is left: " + e.getMessage());
        }
    }
}
