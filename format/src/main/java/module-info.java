/// Records that travel and are stored, with their codecs. The bytes are specified in
/// `docs/formats/`.
module holdfast.format {
    requires transitive holdfast.base;
    requires aircompressor.v3;

    exports holdfast.format;
}
