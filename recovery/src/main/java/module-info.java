/// Launching recovery instances in QEMU and proving that they booted.
module holdfast.recovery {
    requires transitive holdfast.base;
    requires tools.jackson.databind;

    exports holdfast.recovery;
}
