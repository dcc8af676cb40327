package holdfast.aws.protocol;

/// What a request asks for.
///
/// @param action as roles name it: `drs:StartRecovery`
/// @param changes whether it does more than look; session credentials are more than a look
/// @param repeatable whether it changes nothing when it is done a second time in a row
public record Call(String action, boolean changes, boolean repeatable) {
    public Call(String action, boolean changes) {
        this(action, changes, false);
    }
}
