package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// A clone must build and run anywhere: nothing in it may know the machine it was written on.
class RepositoryTest {
    /// Folders of people and of their machines: an absolute path below them is somebody's own.
    private static final Pattern MACHINE_PATH =
            Pattern.compile("(?<![\\w.$}{*~-])/(?:work|home|root|Users|mnt/data)/\\w");

    private static final Pattern OWN_REPOSITORY =
            Pattern.compile(
                    "<(?:repositories|pluginRepositories|mirrors?|distributionManagement)>");

    @Test
    void noFileNamesAPathOfAMachine() throws IOException {
        assertThat(matches(MACHINE_PATH, ".*")).isEmpty();
    }

    @Test
    void noBuildFileNamesARepositoryOfItsOwn() throws IOException {
        assertThat(matches(OWN_REPOSITORY, ".*\\.xml")).isEmpty();
    }

    @Test
    void thePatternFindsWhatItShould() {
        for (var found : new String[] {"/home/", "cd /work/", "\"/root/", "=/Users/"}) {
            assertThat(MACHINE_PATH.matcher(found + "x").find()).as(found).isTrue();
        }
        assertThat(MACHINE_PATH.matcher("docs/work/x https://a.example/home/x").find()).isFalse();
    }

    private static ArrayList<String> matches(Pattern pattern, String names) throws IOException {
        var found = new ArrayList<String>();
        for (var file : Checkout.files()) {
            if (!file.getFileName().toString().matches(names)) {
                continue;
            }
            // One byte a character: binary files are searched as well, and nothing fails to decode.
            var lines = Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
            for (var number = 1; number <= lines.size(); number++) {
                if (pattern.matcher(lines.get(number - 1)).find()) {
                    found.add(place(file, number));
                }
            }
        }
        return found;
    }

    private static String place(Path file, int line) {
        return Checkout.root().relativize(file) + ":" + line;
    }
}
