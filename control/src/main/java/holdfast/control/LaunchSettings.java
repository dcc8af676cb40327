package holdfast.control;

import java.util.Optional;

/// How a server's recovery instances are launched.
///
/// @param start whether the machine is started; else it is made ready, for someone to start later
/// @param exactSize whether a launch host that has not the source's processors and memory is no
///   good; else the machine gets what there is
/// @param copyTags whether an instance gets the tags that its server has when it is launched
/// @param runActions whether the server's launch actions are run once the boot is proven
/// @param copyAddress whether an instance's cards in recovered networks have the hardware addresses
///   of the source's, for which those networks give out the source's addresses
/// @param into the recovery instance that is launched into, instead of a new one
/// @param document what an outer API keeps with it in words of its own, as JSON; nothing here acts
///   on it, and there is none if it is empty
public record LaunchSettings(
        boolean start,
        boolean exactSize,
        boolean copyTags,
        boolean runActions,
        boolean copyAddress,
        Optional<String> into,
        String document) {
    /// Of new instances.
    public LaunchSettings(
            boolean start,
            boolean exactSize,
            boolean copyTags,
            boolean runActions,
            boolean copyAddress,
            String document) {
        this(start, exactSize, copyTags, runActions, copyAddress, Optional.empty(), document);
    }

    static final LaunchSettings DEFAULT = new LaunchSettings(true, false, false, false, false, "");
}
