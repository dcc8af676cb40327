package holdfast.recovery;

import java.time.Instant;

/// A launched machine.
///
/// @param id of the recovery instance
/// @param running whether its process runs
/// @param pid of its process; meaningless unless running
/// @param accelerator `kvm` or `tcg`
/// @param launchedAt by this host's clock
/// @param note what was given less than asked (processors, memory), else empty
public record Machine(
        String id,
        boolean running,
        long pid,
        String accelerator,
        Instant launchedAt,
        String note) {}
