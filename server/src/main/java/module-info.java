/// One process that is everything: control plane, staging area, replicator, NBD server, launch
/// target and HTTP API.
module holdfast.server {
    requires holdfast.aws;
    requires transitive holdfast.control;
    requires io.helidon.common.tls;
    requires io.helidon.http;
    requires io.helidon.webserver;
    requires tools.jackson.core;
    requires tools.jackson.databind;

    exports holdfast.server;
}
