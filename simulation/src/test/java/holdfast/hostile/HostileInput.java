package holdfast.hostile;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/// Feeds a decoder with bytes that are nearly right: valid inputs with bits flipped, numbers set to
/// what is special, parts cut out, doubled, moved and mixed with those of others. Whatever they
/// are, the decoder must answer or refuse as it says it does, soon, and without taking more memory
/// than the input can account for.
///
/// As many inputs as `-Dfuzz.inputs=<n>` says, from the seed `-Dfuzz.seed=<n>`; few by default. A
/// failure shows the input, so it is repeated by a test of its own. Under [GuidedInput] the inputs
/// are Jazzer's instead.
public final class HostileInput {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 5_000);
    private static final long SEED = Long.getLong("fuzz.seed", 1);

    private static final int CHANGES_MAX = 4;
    private static final int UNSEALED_ONE_IN = 8;
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long[] SPECIAL = {
        0,
        1,
        -1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x10000,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0xffff_ffffL,
        0x1_0000_0000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final List<byte[]> corpus;
    private final List<Class<? extends Throwable>> refusals;
    private final long allocatedBytesMax;
    private UnaryOperator<byte[]> seal = bytes -> bytes;
    private int inputs = INPUTS;

    /// Takes any bytes, and answers or refuses.
    @FunctionalInterface
    public interface Decoder {
        void decode(byte[] input) throws Exception;
    }

    private record Cost(long nanos, long allocatedBytes) {}

    /// @param corpus valid inputs
    /// @param allocatedBytesMax that one input may make the decoder take, besides 64 times its size
    /// @param refusals what the decoder says it throws
    @SafeVarargs
    public HostileInput(
            List<byte[]> corpus, long allocatedBytesMax, Class<? extends Throwable>... refusals) {
        this.corpus = List.copyOf(corpus);
        this.allocatedBytesMax = allocatedBytesMax;
        var all = new ArrayList<Class<? extends Throwable>>();
        for (var refusal : refusals) {
            all.add(refusal);
        }
        this.refusals = List.copyOf(all);
    }

    /// Most inputs are given a right checksum first: what lies behind the check is to be met too.
    public HostileInput sealedBy(UnaryOperator<byte[]> checksum) {
        seal = checksum;
        return this;
    }

    /// Each input costs so many times as much as one of a mere decoder: so many fewer are fed.
    public HostileInput costly(int times) {
        inputs = Math.max(1, INPUTS / times);
        return this;
    }

    /// @throws AssertionError if the decoder does something else than it may
    public void feed(Decoder decoder) throws Exception {
        for (var valid : corpus) {
            decoder.decode(valid.clone()); // or the corpus is worth nothing
        }
        if (GuidedInput.isOn()) {
            GuidedInput.feed(corpus, input -> feedMarked(decoder, input));
        }
        for (var fed = 0; fed < inputs; fed++) {
            var input = mangled();
            feed(decoder, random.nextInt(UNSEALED_ONE_IN) == 0 ? input : seal.apply(input));
        }
    }

    /// The input to [#feedMarked] that feeds with sealed bytes.
    static byte[] sealedInput(byte[] bytes) {
        return joined(new byte[] {1}, bytes);
    }

    /// The first byte says whether the others are given a right checksum.
    private void feedMarked(Decoder decoder, byte[] input) {
        if (input.length == 0) {
            return;
        }
        var bytes = Arrays.copyOfRange(input, 1, input.length);
        feed(decoder, input[0] % UNSEALED_ONE_IN == 0 ? bytes : seal.apply(bytes));
    }

    private void feed(Decoder decoder, byte[] input) {
        var cost = cost(decoder, input);
        if (isTooMuch(cost, input)) {
            cost = cost(decoder, input); // only the first time loads classes, and instruments them
        }
        if (isTooMuch(cost, input)) {
            throw new AssertionError(cost + " for " + HexFormat.of().formatHex(input));
        }
    }

    private Cost cost(Decoder decoder, byte[] input) {
        var allocated = THREADS.getCurrentThreadAllocatedBytes();
        var began = System.nanoTime();
        try {
            decoder.decode(input.clone());
        } catch (Exception | Error e) {
            if (refusals.stream().noneMatch(refusal -> refusal.isInstance(e))) {
                throw new AssertionError("of " + HexFormat.of().formatHex(input), e);
            }
        }
        return new Cost(
                System.nanoTime() - began, THREADS.getCurrentThreadAllocatedBytes() - allocated);
    }

    private boolean isTooMuch(Cost cost, byte[] input) {
        return cost.nanos > LONGEST_NANOS
                || cost.allocatedBytes > allocatedBytesMax + 64L * input.length;
    }

    private byte[] mangled() {
        var bytes = corpus.get(random.nextInt(corpus.size())).clone();
        for (var changes = 1 + random.nextInt(CHANGES_MAX); changes > 0; changes--) {
            bytes = changed(bytes);
        }
        return bytes;
    }

    private byte[] changed(byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        var at = random.nextInt(bytes.length);
        var end = at + random.nextInt(bytes.length - at + 1);
        return switch (random.nextInt(9)) {
            case 0, 1 -> {
                bytes[at] ^= (byte) (1 << random.nextInt(8));
                yield bytes;
            }
            case 2 -> {
                bytes[at] = (byte) random.nextInt();
                yield bytes;
            }
            case 3, 4, 5 -> special(bytes, at);
            case 6 ->
                    joined(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, end, bytes.length));
            case 7 ->
                    joined(Arrays.copyOf(bytes, end), Arrays.copyOfRange(bytes, at, bytes.length));
            default -> {
                var other = corpus.get(random.nextInt(corpus.size()));
                var from = random.nextInt(other.length + 1);
                yield joined(
                        Arrays.copyOf(bytes, at), Arrays.copyOfRange(other, from, other.length));
            }
        };
    }

    private byte[] special(byte[] bytes, int at) {
        var value = SPECIAL[random.nextInt(SPECIAL.length)];
        var width = 1 << random.nextInt(4);
        if (at + width <= bytes.length) {
            var whole = ByteBuffer.allocate(Long.BYTES).putLong(value).array();
            System.arraycopy(whole, Long.BYTES - width, bytes, at, width);
        }
        return bytes;
    }

    private static byte[] joined(byte[] first, byte[] second) {
        var joined = ByteBuffer.allocate(first.length + second.length);
        joined.put(first).put(second);
        return joined.array();
    }
}
