package holdfast.recovery;

import java.io.IOException;
import java.util.List;

/// A place that has networks for recovery instances. Networks outlive the process that made them: a
/// later host on the same directory finds them again. Safe for any thread.
public interface NetworkHost {
    /// Makes a network, or changes the one of that id to be as described; machines stay attached.
    /// Safe to do again after a crash at any point of it.
    ///
    /// @throws holdfast.base.RefusalException if this host cannot (a program or right is missing),
    ///   with what to do about it
    void apply(NetworkSpec spec) throws IOException, InterruptedException;

    /// Whether the network is there and its DHCP is served.
    boolean isUp(String id) throws IOException;

    /// Ids of all networks that were applied and not removed, up or not.
    List<String> networks() throws IOException;

    /// Removes a network with all that is attached to it; quiet if it is gone.
    void remove(String id) throws IOException, InterruptedException;
}
