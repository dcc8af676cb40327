package holdfast.failback;

import java.io.IOException;

/// Whoever started the client and looks at it.
public interface Operator {
    /// Asks; waits for a line.
    ///
    /// @param secret whether what is typed is not to be shown
    String ask(String question, boolean secret) throws IOException;

    /// Something to be read once.
    void tell(String line);

    /// How it stands, instead of what was said before.
    void progress(Progress progress);
}
