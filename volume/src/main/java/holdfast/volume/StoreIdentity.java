package holdfast.volume;

import holdfast.base.RandomSource;
import java.util.UUID;

/// Identity of a staging area: 128 random bits, made with it and never changed.
record StoreIdentity(long high, long low) {
    static StoreIdentity make(RandomSource random) {
        return new StoreIdentity(random.nextLong(), random.nextLong());
    }

    @Override
    public String toString() {
        return new UUID(high, low).toString();
    }
}
