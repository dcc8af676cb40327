/// The failback client: runs on the machine to be written and brings its disks to what the branches
/// of a recovery instance are. Knows of its machine what the agent knows.
module holdfast.failback {
    requires transitive holdfast.agent;
    requires holdfast.format;
    requires java.net.http;
    requires tools.jackson.databind;

    exports holdfast.failback;
}
