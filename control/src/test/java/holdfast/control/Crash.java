package holdfast.control;

/// The process dies here: no handler of ours may run on, as after kill -9.
final class Crash extends Error {
    private static final long serialVersionUID = 1L;

    /// Counts the calls through all seams of a test and dies at one of them.
    static final class Fuse {
        private int left = Integer.MAX_VALUE;
        private boolean blown;

        synchronized void dieAfter(int calls) {
            left = calls;
            blown = false;
        }

        synchronized void repair() {
            left = Integer.MAX_VALUE;
            blown = false;
        }

        synchronized boolean blown() {
            return blown;
        }

        /// Once dead, everything after is dead too: other threads of the process die with it.
        synchronized void step() {
            if (blown || left-- == 0) {
                blown = true;
                throw new Crash();
            }
        }
    }
}
