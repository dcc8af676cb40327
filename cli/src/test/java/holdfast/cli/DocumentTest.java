package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `docs/cli.md` says what the command does.
class DocumentTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "cli.md");

    @TempDir Path folder;

    @Test
    void everyExitStatusIsDocumentedInTheWordsOfTheHelp() throws IOException {
        var document = Files.readString(DOCUMENT);
        for (var status : ExitStatus.values()) {
            assertThat(document).contains("| " + status.code() + " | " + status.meaning() + " |");
        }
    }

    @Test
    void everyCommandThatPrintsJsonIsDocumented() throws IOException {
        var document = Files.readString(DOCUMENT);
        var holdfast = new CommandLineFixture(folder);
        for (var command : holdfast.commands()) {
            if (command.findOption("--json") != null) {
                assertThat(document).contains("`" + command.qualifiedName() + "`");
            }
        }
    }

    @Test
    void theDefaultsAreTheDocumentedOnes() throws IOException {
        assertThat(Files.readString(DOCUMENT))
                .contains("`" + ApiAccess.DEFAULT_URL + "`", "`" + ApiAccess.DEFAULT_DATA + "`");
    }
}
