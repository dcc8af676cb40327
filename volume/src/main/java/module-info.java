/// The staging area: journal, volume map, consistency points, branches, reclaim and scrub.
module holdfast.volume {
    requires transitive holdfast.format;

    exports holdfast.volume;
}
