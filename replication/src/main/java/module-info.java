/// The replication protocol: agents on one side, the replicator on the other, TLS 1.3 with mutual
/// certificates in between, and the installation's own certificate authority.
module holdfast.replication {
    requires transitive holdfast.volume;
    requires org.bouncycastle.pkix;
    requires org.bouncycastle.provider;
    requires org.bouncycastle.util;

    exports holdfast.replication;
    exports holdfast.replication.certificates;
}
