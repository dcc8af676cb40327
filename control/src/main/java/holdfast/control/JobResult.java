package holdfast.control;

import holdfast.volume.Damage;
import java.util.List;

/// What a job found out; jobs that launch or end machines have none.
public sealed interface JobResult {
    /// Damaged places kept of one job; further ones are counted, not listed.
    int DAMAGE_MAX = 1000;

    /// The first [#DAMAGE_MAX] damaged places.
    List<Damage> damage();

    /// @param extents runs of stored data read
    record Verification(long bytesRead, long extents, List<Damage> damage) implements JobResult {
        public Verification {
            damage = List.copyOf(damage);
        }
    }

    record Scrubbing(int filesRead, long bytesRead, long extentsChecked, List<Damage> damage)
            implements JobResult {
        public Scrubbing {
            damage = List.copyOf(damage);
        }
    }
}
