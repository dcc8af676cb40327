package holdfast.demo;

import java.nio.file.Path;

/// What the user asked of the demonstration.
///
/// @param keep leave server, recovery instance and files behind for a look around
/// @param workDirectory where to put everything; exists, and is removed afterwards unless kept
public record DemoOptions(boolean keep, Path workDirectory) {}
