package holdfast.recovery;

/// How a script in a machine ended.
///
/// @param status its exit status, or 128 and the number of the signal that ended it
/// @param output the end of what it said on both streams, for people
public record ScriptRun(int status, String output) {}
