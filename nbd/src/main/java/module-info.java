/// A Network Block Device server over volume views and branches.
module holdfast.nbd {
    requires transitive holdfast.volume;

    exports holdfast.nbd;
}
