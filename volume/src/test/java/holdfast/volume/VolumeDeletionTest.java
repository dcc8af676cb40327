package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/// Somebody opens a volume while it is being deleted: found by the simulation, where a guest that
/// did met a closed map.
class VolumeDeletionTest {
    private final StoreModel model = new StoreModel(3);
    private final VolumeStore store;
    private final long point;
    private final VolumeId branch;
    private HookedFilesystem.Before before = (_, _) -> {};

    VolumeDeletionTest() throws Exception {
        store =
                VolumeStores.open(
                        model.test.settings,
                        HookedFilesystem.of(
                                model.test.files.mount(), (call, path) -> before.call(call, path)),
                        TestStore.DIRECTORY,
                        model.test.time,
                        bytes -> model.random.nextBytes(bytes));
        var replica = model.create(store, "s", "a");
        model.write(store, replica);
        point = model.point(store, "s").get().sequence();
        branch = store.branch(replica, point, "i", "disk").id();
    }

    @Test
    void whatIsBeingDeletedIsNotOpened() throws Exception {
        var opened = new ArrayList<String>();
        before =
                (_, path) -> {
                    if (isCatalogue(path) && opened.isEmpty()) {
                        opened.add("tried");
                        for (var open :
                                List.<ThrowingCallable>of(this::use, this::look, this::delete)) {
                            assertRefused(open, "unknown-volume");
                        }
                    }
                };
        store.delete(branch);
        assertThat(opened).isNotEmpty();
        store.close();
    }

    @Test
    void whatIsOpenIsNotDeleted() throws Exception {
        try (var _ = store.openBranch(branch);
                var _ = store.head(branch)) {
            assertRefused(() -> store.delete(branch), "volume-in-use");
        }
        use();
        store.delete(branch);
        assertRefused(this::use, "unknown-volume");
        store.close();
    }

    @Test
    void whatCouldNotBeDeletedIsOpenedAgain() throws Exception {
        before =
                (_, path) -> {
                    if (isCatalogue(path)) {
                        throw new IOException("no room");
                    }
                };
        assertThatThrownBy(() -> store.delete(branch)).hasMessage("no room");
        before = (_, _) -> {};
        use();
        look();
        store.delete(branch);
        store.close();
    }

    private static boolean isCatalogue(Path path) {
        return path.getParent().endsWith(Catalogue.FOLDER);
    }

    private static void assertRefused(ThrowingCallable call, String code) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private void use() throws IOException {
        store.openBranch(branch).close();
    }

    private void delete() throws IOException {
        store.delete(branch);
    }

    private void look() throws IOException {
        store.head(branch).close();
    }
}
