package holdfast.replication;

import java.util.List;

/// What the agent says of its machine; what a recovery instance is built from.
///
/// @param hostname the machine's own name
/// @param os such as `Debian GNU/Linux 12`
/// @param kernel such as `6.1.0-56-cloud-amd64`
/// @param architecture such as `amd64`
/// @param cpuModel as the processor names itself
/// @param cpuCount logical processors
/// @param memoryBytes of RAM
/// @param uefi whether it was booted by UEFI firmware; otherwise by a BIOS
/// @param bootId of the running kernel: changes with each boot
/// @param agentVersion of the agent
/// @param tracker one line: which tracker, and why not the better one
/// @param networkInterfaces each as `name mac address/prefix,...`; the one with the default route
///   goes on with ` gateway=address dns=address,... domain=name`, as far as that is known
/// @param identity what tells it from machines with a copy of its disks
/// @param run of the agent
public record MachineFacts(
        String hostname,
        String os,
        String kernel,
        String architecture,
        String cpuModel,
        int cpuCount,
        long memoryBytes,
        boolean uefi,
        String bootId,
        String agentVersion,
        String tracker,
        List<String> networkInterfaces,
        MachineIdentity identity,
        AgentRun run) {
    public MachineFacts {
        networkInterfaces = List.copyOf(networkInterfaces);
    }

    /// Of an agent that does not say what tells its machine from others, nor which process it is.
    public MachineFacts(
            String hostname,
            String os,
            String kernel,
            String architecture,
            String cpuModel,
            int cpuCount,
            long memoryBytes,
            boolean uefi,
            String bootId,
            String agentVersion,
            String tracker,
            List<String> networkInterfaces) {
        this(
                hostname,
                os,
                kernel,
                architecture,
                cpuModel,
                cpuCount,
                memoryBytes,
                uefi,
                bootId,
                agentVersion,
                tracker,
                networkInterfaces,
                MachineIdentity.UNKNOWN,
                AgentRun.UNKNOWN);
    }

    public MachineFacts with(MachineIdentity known) {
        return new MachineFacts(
                hostname,
                os,
                kernel,
                architecture,
                cpuModel,
                cpuCount,
                memoryBytes,
                uefi,
                bootId,
                agentVersion,
                tracker,
                networkInterfaces,
                known,
                run);
    }

    public MachineFacts with(AgentRun current) {
        return new MachineFacts(
                hostname,
                os,
                kernel,
                architecture,
                cpuModel,
                cpuCount,
                memoryBytes,
                uefi,
                bootId,
                agentVersion,
                tracker,
                networkInterfaces,
                identity,
                current);
    }
}
