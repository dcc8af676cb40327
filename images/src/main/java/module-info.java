/// What starts machines, made in seconds from Debian's packages and without root: the parts of
/// small disks, and the failback client as a live system. And programs of ours to be unpacked on
/// machines that have no Java.
module holdfast.images {
    requires transitive holdfast.base;

    exports holdfast.images;
    exports holdfast.images.live;
    exports holdfast.images.portable;
}
