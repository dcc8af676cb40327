package holdfast.systemtest;

import holdfast.images.portable.PortableTree;
import java.io.IOException;
import java.nio.file.Path;

/// The agent as a user takes it to a server: what the archive of `holdfast agent archive` holds.
///
/// @param folder that it was unpacked to
record AgentArchive(Path folder) {
    /// Where machines of tests have it, below their root.
    static final String PLACE = "opt/holdfast-agent";

    static final String PROGRAM = "/" + PLACE + "/holdfast-agent";

    /// @param into a directory of the lab
    static AgentArchive unpack(Lab lab, Path into) throws IOException, InterruptedException {
        var archive = into.resolve("agent.tar.gz").toString();
        var holdfast = Checkout.root().resolve("holdfast").toString();
        lab.commands.output(holdfast, "agent", "archive", "--out", archive);
        lab.commands.output("tar", "-xzf", archive, "-C", into.toString());
        return new AgentArchive(into.resolve("holdfast-agent"));
    }

    /// Libraries that come with it.
    Path ownLibraries() {
        return folder.resolve(PortableTree.OWN_LIBRARIES);
    }
}
