/// What starts machines, made in seconds from Debian's packages and without root: the parts of
/// small disks, and the failback client as a live system or as an archive.
module holdfast.images {
    requires transitive holdfast.base;

    exports holdfast.images;
    exports holdfast.images.live;
}
