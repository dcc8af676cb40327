package holdfast.bench;

import java.io.IOException;
import java.util.List;

/// One comparison of ours with peers.
interface Benchmark {
    /// For `--only`; one word.
    String name();

    /// Runs ours and the peers in turns.
    ///
    /// @param workspace cleans up whatever is left of what this starts
    List<Row> run(Workspace workspace, Scale scale) throws IOException, InterruptedException;
}
