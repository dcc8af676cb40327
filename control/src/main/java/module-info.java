/// The control plane: servers, points, jobs, recovery instances, exports and their state machines,
/// kept in an embedded database.
module holdfast.control {
    requires transitive holdfast.nbd;
    requires transitive holdfast.recovery;
    requires transitive holdfast.replication;
    requires transitive holdfast.volume;
    requires java.sql;
    // Found by java.sql through its service file; required so that it is in the module graph.
    requires org.xerial.sqlitejdbc;
    requires tools.jackson.databind;

    exports holdfast.control;
}
