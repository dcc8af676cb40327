/// The demonstration: a bootable disk, a writer that keeps a history, and a whole installation run
/// as a user would run it. System tests use the same parts.
module holdfast.demo {
    requires transitive holdfast.base;
    requires transitive holdfast.images;
    requires java.net.http;
    requires transitive tools.jackson.databind;

    exports holdfast.demo;
    exports holdfast.demo.disk;
}
