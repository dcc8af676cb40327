package holdfast.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockSetTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 63, 64, 65, 127, 128, 1000})
    void behavesLikeABitSet(long blocks) {
        var random = new SplittableRandom(blocks);
        var set = new BlockSet(blocks);
        var model = new BitSet();
        for (var step = 0; step < 2000; step++) {
            var a = random.nextLong(blocks + 1);
            var b = random.nextLong(blocks + 1);
            var first = Math.min(a, b);
            var end = Math.min(Math.max(a, b), first + random.nextInt(80));
            if (random.nextBoolean()) {
                set.add(first, end);
                model.set((int) first, (int) end);
            } else {
                set.remove(first, end);
                model.clear((int) first, (int) end);
            }
            assertThat(set.size()).isEqualTo(model.cardinality());
            var from = random.nextLong(blocks);
            assertThat(set.next(from)).isEqualTo(model.nextSetBit((int) from));
            assertThat(set.nextAbsent(from))
                    .isEqualTo(Math.min(blocks, model.nextClearBit((int) from)));
            assertThat(set.contains(from)).isEqualTo(model.get((int) from));
            assertThat(set.isEmpty()).isEqualTo(model.isEmpty());
        }
    }

    @Test
    void runsAreCutAtTheLimit() {
        var set = new BlockSet(300);
        set.add(10, 200);
        set.add(299, 300);
        var runs = new ArrayList<List<Long>>();
        set.forEachRun(100, (first, count) -> runs.add(List.of(first, (long) count)));
        assertThat(runs).containsExactly(List.of(10L, 100L), List.of(110L, 90L), List.of(299L, 1L));
    }

    @Test
    void setsOfDifferentRangeDoNotMix() {
        assertThatThrownBy(() -> new BlockSet(64).addAll(new BlockSet(65)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ongoingSetAlgebra() {
        var a = new BlockSet(200);
        a.add(0, 150);
        var b = new BlockSet(200);
        b.add(100, 200);
        var both = a.copy();
        both.retainAll(b);
        assertThat(both.size()).isEqualTo(50);
        a.removeAll(b);
        assertThat(a.size()).isEqualTo(100);
        a.addAll(b);
        assertThat(a.size()).isEqualTo(200);
    }
}
