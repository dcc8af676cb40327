package holdfast.simulation;

import java.security.Provider;
import java.security.SecureRandomSpi;
import java.security.Security;
import java.util.SplittableRandom;

/// Random bytes for those parts of the JDK that ask for none of ours, such as signatures in TLS:
/// from the seed as well, since a signature's length, and so a packet's, depends on them.
public final class SimulatedRandom extends Provider {
    private static final long serialVersionUID = 1;
    private static final String NAME = "HoldfastSimulation";

    private static SplittableRandom random = new SplittableRandom(0);

    private SimulatedRandom() {
        super(NAME, "1", "random bytes that a seed repeats");
        put("SecureRandom.Simulated", Source.class.getName());
        put("SecureRandom.Simulated ThreadSafe", "true");
    }

    /// Every random byte in this JVM follows from the seed, from now on.
    public static synchronized void restart(long seed) {
        random = new SplittableRandom(seed);
        if (Security.getProvider(NAME) == null) {
            Security.insertProviderAt(new SimulatedRandom(), 1);
        }
    }

    private static synchronized void fill(byte[] bytes) {
        random.nextBytes(bytes);
    }

    /// Where the JDK takes them from.
    public static final class Source extends SecureRandomSpi {
        private static final long serialVersionUID = 1;

        @Override
        protected void engineSetSeed(byte[] seed) {}

        @Override
        protected void engineNextBytes(byte[] bytes) {
            fill(bytes);
        }

        @Override
        protected byte[] engineGenerateSeed(int count) {
            var seed = new byte[count];
            fill(seed);
            return seed;
        }
    }
}
