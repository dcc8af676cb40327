package holdfast.cli;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.time.ZoneId;
import java.util.Map;

/// What a command may touch of the process it runs in.
///
/// @param environment variables of the process; read for the `HOLDFAST_` ones only
/// @param zone in which times without a zone are read and all times are shown to people
record Context(
        Terminal terminal,
        Map<String, String> environment,
        TimeSource time,
        ZoneId zone,
        Processes processes) {
    Context {
        environment = Map.copyOf(environment);
    }
}
