/// The agent: tracks the disks of a source server and streams every change of them to a replicator.
module holdfast.agent {
    requires transitive holdfast.replication;
    requires transitive holdfast.tracking;
    requires holdfast.format;
    requires java.net.http;
    requires tools.jackson.databind;

    exports holdfast.agent;
}
