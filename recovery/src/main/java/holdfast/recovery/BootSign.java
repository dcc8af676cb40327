package holdfast.recovery;

/// What a line of the console says about the boot.
sealed interface BootSign {
    /// @param prompt as shown: `web1 login:`
    record LoginPrompt(String prompt) implements BootSign {}

    /// The machine has come to a halt before that.
    ///
    /// @param line that says so
    record Halt(String line) implements BootSign {}
}
