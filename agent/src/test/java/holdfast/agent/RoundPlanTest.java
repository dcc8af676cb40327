package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.BlockSet;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoundPlanTest {
    @Test
    void everySelectedBlockIsReadOnceAndNoOther() {
        for (var seed = 0L; seed < 300; seed++) {
            var random = new SplittableRandom(seed);
            var sets = new ArrayList<BlockSet>();
            var selections = new ArrayList<RoundPlan.Selection>();
            var hot = new ArrayList<Chunk>();
            for (var disk = 0; disk < 3; disk++) {
                var set = new BlockSet(500);
                for (var runs = random.nextInt(8); runs > 0; runs--) {
                    var first = random.nextInt(500);
                    set.add(first, Math.min(500, first + random.nextInt(150)));
                }
                sets.add(set);
                for (var block = set.next(0); block >= 0; block = set.next(block + 40)) {
                    hot.add(new Chunk(disk, block, 1, Phase.CHANGES));
                }
                selections.add(RoundPlan.Selection.of(disk, set, 0, 500, Phase.CHANGES));
            }
            var plan = new RoundPlan(hot, selections);
            var read = List.of(new BlockSet(500), new BlockSet(500), new BlockSet(500));
            var first = drain(plan, read);
            assertThat(first).as("seed %d", seed).isEqualTo(hot);
            assertThat(plan.nextBatch()).isTrue();
            drain(plan, read);
            assertThat(plan.nextBatch()).isFalse();
            for (var disk = 0; disk < 3; disk++) {
                assertThat(runs(read.get(disk))).isEqualTo(runs(sets.get(disk)));
            }
        }
    }

    @Test
    void aSelectionEndsWhereItsShareIsUsedUp() {
        var set = new BlockSet(1000);
        set.add(100, 200);
        set.add(300, 400);
        var part = RoundPlan.Selection.of(0, set, 150, 80, Phase.COMPARE);
        assertThat(part.blocks()).isEqualTo(80);
        assertThat(part.end()).isEqualTo(330);
        assertThat(part.isAll()).isFalse();
        var rest = RoundPlan.Selection.of(0, set, 330, 80, Phase.COMPARE);
        assertThat(rest.blocks()).isEqualTo(70);
        assertThat(rest.end()).isEqualTo(1000);
        assertThat(rest.isAll()).isFalse();
        var all = RoundPlan.Selection.of(0, set, 0, 200, Phase.COMPARE);
        assertThat(all.isAll()).isTrue();
        assertThat(all.end()).isEqualTo(1000);
    }

    @Test
    void disksTakeTurns() {
        var selections =
                IntStream.range(0, 2)
                        .mapToObj(disk -> {
                            var set = new BlockSet(128);
                            set.add(0, 128);
                            return RoundPlan.Selection.of(disk, set, 0, 128, Phase.CHANGES);
                        })
                        .toList();
        var plan = new RoundPlan(List.of(), selections);
        plan.nextBatch();
        var chunks = new ArrayList<Chunk>();
        for (var chunk = plan.next(); chunk.isPresent(); chunk = plan.next()) {
            chunks.add(chunk.get());
        }
        assertThat(chunks).extracting(Chunk::disk).containsExactly(0, 1, 0, 1);
    }

    private static List<Chunk> drain(RoundPlan plan, List<BlockSet> read) {
        var chunks = new ArrayList<Chunk>();
        for (var next = plan.next(); next.isPresent(); next = plan.next()) {
            var chunk = next.get();
            for (var block = chunk.firstBlock(); block < chunk.endBlock(); block++) {
                assertThat(read.get(chunk.disk()).contains(block)).isFalse();
            }
            read.get(chunk.disk()).add(chunk.firstBlock(), chunk.endBlock());
            chunks.add(chunk);
        }
        return chunks;
    }

    private static List<List<Long>> runs(BlockSet set) {
        var runs = new ArrayList<List<Long>>();
        set.forEachRun(1000, (first, count) -> runs.add(List.of(first, (long) count)));
        return runs;
    }
}
