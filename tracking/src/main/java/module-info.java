/// Change tracking of block devices: which blocks were written, and whether what was read of them
/// is one instant.
module holdfast.tracking {
    requires transitive holdfast.base;

    exports holdfast.tracking;
}
