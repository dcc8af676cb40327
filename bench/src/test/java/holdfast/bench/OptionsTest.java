package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OptionsTest {
    private static final Set<String> KNOWN = Set.of("copy", "lag", "impact");
    private static final Path FOLDER = Path.of("/var/tmp");

    @Test
    void nothingMeansEverything() throws Exception {
        var options = Options.parse(List.of(), KNOWN, FOLDER);
        assertThat(options)
                .isEqualTo(
                        new Options(false, Set.of(), Optional.empty(), FOLDER, Optional.empty()));
        assertThat(options.wants("copy")).isTrue();
    }

    @Test
    void whatIsNamedIsWanted() throws Exception {
        var line =
                List.of(
                        "--only",
                        "copy,lag",
                        "--quick",
                        "--json",
                        "a.json",
                        "--directory",
                        "/srv",
                        "--crowd",
                        "/srv/crowd");
        var options = Options.parse(line, KNOWN, FOLDER);
        assertThat(options.quick()).isTrue();
        assertThat(options.json()).contains(Path.of("a.json"));
        assertThat(options.directory()).isEqualTo(Path.of("/srv"));
        assertThat(options.crowd()).contains(Path.of("/srv/crowd"));
        assertThat(KNOWN.stream().filter(options::wants)).containsExactlyInAnyOrder("copy", "lag");
    }

    @Test
    void whatIsWrongIsNamed() {
        for (var wrong :
                List.of(List.of("--only", "copies"), List.of("--fast"), List.of("--json"))) {
            assertThatThrownBy(() -> Options.parse(wrong, KNOWN, FOLDER))
                    .isInstanceOf(Options.UsageException.class)
                    .hasMessageContaining(wrong.getLast());
        }
    }
}
