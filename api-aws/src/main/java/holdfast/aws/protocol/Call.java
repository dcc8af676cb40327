package holdfast.aws.protocol;

/// What a request asks for.
///
/// @param action as roles name it: `drs:StartRecovery`
/// @param changes whether it does more than look; session credentials are more than a look
public record Call(String action, boolean changes) {}
