/// Ground of every other module: units, checksums, and the seams to clock, randomness, files,
/// network, processes and the Linux kernel.
module holdfast.base {
    requires static transitive org.jspecify;

    exports holdfast.base;
    exports holdfast.base.linux;
}
