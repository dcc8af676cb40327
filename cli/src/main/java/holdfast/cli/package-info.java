/// The command line: [Main] wires [CommandTree], a tree of [Action]s, each of which reads its
/// [Arguments], calls the API through [ApiClient] and prints to a [Terminal]. [Failures] turns what
/// went wrong into one line and an [ExitStatus].
@NullMarked
package holdfast.cli;

import org.jspecify.annotations.NullMarked;
