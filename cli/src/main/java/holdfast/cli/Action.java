package holdfast.cli;

import java.io.IOException;

/// What one command does once its command line is parsed. Results go to the terminal's standard
/// output; whatever goes wrong is thrown and worded by [Failures].
@FunctionalInterface
interface Action {
    /// @throws IOException if the world did not play along: server, files, programs
    /// @throws holdfast.base.RefusalException if the present state does not allow it
    /// @throws UsageException if the arguments do not fit together
    ExitStatus run(Arguments arguments, Context context) throws IOException, InterruptedException;
}
