package holdfast.recovery;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Whether a machine booted, and how we know.
///
/// @param proven whether it did
/// @param evidence what was seen: `login prompt on the serial console: "web1 login:"`, or `guest
///   agent answered`, or the last line of the console if unproven
/// @param took from launch to proof
/// @param consoleLog everything the serial console said
/// @param screenshot PNG of the display, if one could be taken
public record BootProof(
        boolean proven,
        String evidence,
        Duration took,
        Path consoleLog,
        Optional<Path> screenshot) {}
