/// The AWS services that Holdfast speaks: signatures, translation to the control plane's commands,
/// no rules of their own.
module holdfast.aws {
    requires transitive holdfast.base;
    requires transitive holdfast.control;
    requires tools.jackson.core;
    requires tools.jackson.databind;

    exports holdfast.aws;
    exports holdfast.aws.protocol;
}
