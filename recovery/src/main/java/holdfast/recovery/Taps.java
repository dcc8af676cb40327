package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import java.io.IOException;
import java.util.List;

/// Connects machines' cards to networks.
///
/// QEMU makes a card's tap where QEMU runs, and there it is down and has no address. From there it
/// is moved into the network's namespace, which takes it away when QEMU ends. So nothing is left
/// over, and a machine may have cards in several networks.
record Taps(Processes processes, SmallFiles files, Filesystem filesystem) {
    /// Safe to do again.
    void attach(MachineSpec machine, MachineDirectory directory)
            throws IOException, InterruptedException {
        var commands = new HostCommands(processes, files, directory.work().resolve("network.said"));
        for (var index = 0; index < machine.cards().size(); index++) {
            var network = machine.cards().get(index).network();
            var tap = Namespaces.tap(machine.id(), index);
            if (!filesystem.exists(Namespaces.path(network))) {
                throw new IOException(
                        "machine " + machine.id() + ": its network " + network + " is not there");
            }
            if (!commands.succeeds(Namespaces.ip(network, "link", "show", tap))) {
                commands.run(List.of("ip", "link", "set", tap, "netns", Namespaces.name(network)));
            }
            commands.run(
                    Namespaces.ip(network, "link", "set", tap, "master", Namespaces.BRIDGE, "up"));
        }
    }
}
