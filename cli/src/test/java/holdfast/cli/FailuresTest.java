package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What goes wrong is said in one line on standard error, with the status that scripts rely on.
class FailuresTest {
    @TempDir Path folder;

    private FakeApi api;
    private CommandLineFixture holdfast;

    @BeforeEach
    void start() throws Exception {
        api = new FakeApi(Files.createDirectory(folder.resolve("data")));
        holdfast = new CommandLineFixture(folder).asking(api);
        api.on("GET /servers", 200, ApiFixtures.SERVERS);
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void withoutAServerTheUserLearnsHowToStartOne() {
        api.close();
        var ran = holdfast.line("servers");
        assertThat(ran.status()).isEqualTo(ExitStatus.UNREACHABLE);
        assertThat(ran.err())
                .isEqualTo(
                        "holdfast: no server answers at "
                                + api.url()
                                + ": start it with holdfast server, or name its address with --server-url\n");
    }

    @Test
    void anUnknownServerIsAnsweredWithTheKnownOnes() {
        var ran = holdfast.line("drill web-2");
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err())
                .isEqualTo(
                        "holdfast: unknown server 'web-2'; known are s-00000000000000001 (web-1), "
                                + "s-00000000000000002 (db-1)\n");
        assertThat(api.requests()).containsExactly("GET /servers");
    }

    @Test
    void aHostNameThatTwoServersShareIsNotGuessed() {
        api.instead("GET /servers", 200, ApiFixtures.SERVERS.replace("db-1", "web-1"));
        var ran = holdfast.line("points web-1");
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err()).contains("'web-1' names 2 servers; say which by its id");
    }

    @Test
    void theServersRefusalIsPassedOnInItsWords() {
        api.on(
                "POST /recoveries",
                409,
                ApiFixtures.error(
                        "before-window", "14:00 lies before the window: it begins at 15:00"));
        var ran = holdfast.line("recover web-1");
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err())
                .isEqualTo("holdfast: 14:00 lies before the window: it begins at 15:00\n");
    }

    @Test
    void aFaultOfTheServerIsNoRefusal() {
        api.on("POST /scrubs", 500, ApiFixtures.error("internal", "the database is damaged"));
        assertThat(holdfast.line("scrub").status()).isEqualTo(ExitStatus.FAILURE);
    }

    @Test
    void jsonUsersGetTheirErrorsAsJson() {
        var ran = holdfast.line("drill web-2 --json");
        var error = ApiClient.JSON.readTree(ran.err());
        assertThat(error.path("code").asString()).isEqualTo("unknown-server");
        assertThat(error.path("exitStatus").asInt()).isEqualTo(3);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void aWrongKeyIsToldWhereKeysComeFrom() {
        var ran = holdfast.environment("HOLDFAST_KEY", "guess").line("servers");
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err())
                .startsWith("holdfast: the server at " + api.url() + " does not accept the key")
                .contains("HOLDFAST_KEY or else <data>/admin.key")
                .hasLineCount(1);
    }

    @Test
    void aMissingKeyIsToldWhereItWasLookedFor() throws Exception {
        Files.delete(api.data().resolve("admin.key"));
        var ran = holdfast.line("servers");
        assertThat(ran.status()).isEqualTo(ExitStatus.REFUSED);
        assertThat(ran.err())
                .startsWith(
                        "holdfast: no key at "
                                + api.data().resolve("admin.key")
                                + ": name the server's");
    }

    @Test
    void anotherInstallationsServerIsNotTalkedTo() throws Exception {
        Files.writeString(api.data().resolve("ca.pem"), Identity.make().certificate());
        var ran = holdfast.line("servers");
        assertThat(ran.status()).isEqualTo(ExitStatus.UNREACHABLE);
        assertThat(ran.err()).contains("is not the server of " + api.data().resolve("ca.pem"));
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void anAnswerThatIsNoJsonIsNoTrace() {
        api.instead("GET /servers", 200, "<html>");
        var ran = holdfast.line("servers");
        assertThat(ran.status()).isEqualTo(ExitStatus.UNREACHABLE);
        assertThat(ran.err()).contains("does not speak the Holdfast API").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "servers --bogus | unknown option: '--bogus' (see holdfast servers --help)",
                "servesr | unmatched argument at index 0: 'servesr'; did you mean server or servers",
                "drill | missing required parameter: '<server>' (see holdfast drill --help)",
                "token | holdfast token needs one of the commands create",
                "points web-1 --at noon | 'noon' is no time",
                "points web-1 --at -5m --from -6m | --at names one point",
                "drill web-1 --at -5m --point p-1 | --at and --point both choose the point",
                "export web-1 --disk a --format vmdk | --format is raw, qcow2 or nbd, not 'vmdk'",
                "export web-1 --disk a --format raw | --format raw needs --to <path>",
                "servers --server-url http://x | 'http://x' is no server address: write https://",
                "points web-1 --limit few | invalid value for option '--limit': 'few' is not an int",
            })
    void aCommandLineThatMakesNoSenseHasStatusTwo(String line, String message) {
        var ran = holdfast.line(line);
        assertThat(ran.err()).startsWith("holdfast: " + message).hasLineCount(1);
        assertThat(ran.status()).isEqualTo(ExitStatus.USAGE);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void ourOwnFaultIsOneLineAndATraceInALog() throws Exception {
        var ran = holdfast.failing(new IllegalStateException("broken invariant"));
        var log = folder.resolve(".local/state/holdfast/errors.log");
        assertThat(ran.status()).isEqualTo(ExitStatus.FAILURE);
        assertThat(ran.err())
                .isEqualTo(
                        "holdfast: internal error (IllegalStateException): please report it with the end of "
                                + log
                                + "\n");
        assertThat(Files.readString(log))
                .contains("IllegalStateException: broken invariant", "\tat holdfast.cli.");
    }

    @Test
    void helpOfEveryCommandHasExamplesAndExitStatuses() {
        for (var command : holdfast.commands()) {
            var line = command.qualifiedName().replaceFirst("^holdfast ?", "") + " --help";
            var help = holdfast.line(line);
            assertThat(help.status()).as(line).isEqualTo(ExitStatus.OK);
            assertThat(help.out())
                    .as(line)
                    .contains("Examples:\n  holdfast", "Exit status:\n  0  done\n");
            assertThat(help.out().lines())
                    .as(line)
                    .allMatch(text -> text.length() <= 100 || text.startsWith("  holdfast"));
        }
    }

    @Test
    void damageThatAnyCallFindsHasTheStatusOfDamage() {
        api.instead("GET /servers", 500, ApiFixtures.error("damaged-data", "row 7 is damaged"));
        assertThat(holdfast.line("servers").status()).isEqualTo(ExitStatus.DAMAGE);
    }
}
