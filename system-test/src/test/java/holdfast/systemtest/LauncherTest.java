package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./holdfast` as a user meets it: from anywhere, after a change, with things missing.
class LauncherTest {
    @TempDir Path folder;

    /// How a program ended and what it said.
    private record Ended(int status, String out, String err) {}

    @Test
    void runsFromAnyFolderAndSaysNothingElse() throws Exception {
        var ended = run(folder, Checkout.root().resolve("holdfast").toString(), "--version");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).matches("holdfast [0-9].* \\(Java 2[5-9].*\\)\n");
        assertThat(ended.status()).isZero();
    }

    @Test
    void runsThroughALinkAndPassesTheStatusOn() throws Exception {
        var link =
                Files.createSymbolicLink(folder.resolve("hf"), Checkout.root().resolve("holdfast"));
        var ended = run(folder, link.toString(), "servers", "--bogus");
        assertThat(ended.err())
                .isEqualTo("holdfast: unknown option: '--bogus' (see holdfast servers --help)\n");
        assertThat(ended.status()).isEqualTo(2);
    }

    @Test
    void runsFromAFolderWithBlanksInItsName() throws Exception {
        var copy = copy("with some blanks", true);
        var ended = run(folder, copy.resolve("holdfast").toString(), "--version");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).startsWith("holdfast ");
    }

    @Test
    void aChangeIsBuiltOnceHoweverManyStart() throws Exception {
        var copy = copy("changed", true);
        var source = copy.resolve("cli/src/main/java/holdfast/cli/Version.java");
        Files.writeString(
                source, Files.readString(source).replace("\"holdfast \"", "\"changed holdfast \""));
        var command = List.of(copy.resolve("holdfast").toString(), "--version");
        var first = start(folder, command);
        var second = start(folder, command);
        var ended = List.of(finish(first), finish(second));
        assertThat(ended).allMatch(e -> e.status() == 0, "status 0");
        assertThat(ended).allMatch(e -> e.out().startsWith("changed holdfast "), "the change");
        assertThat(ended.stream().filter(e -> e.err().contains("building"))).hasSize(1);
    }

    @Test
    void aSourceThatDoesNotCompileEndsWithTheCompilersWords() throws Exception {
        var copy = copy("broken", true);
        Files.writeString(
                copy.resolve("base/src/main/java/holdfast/base/Blocks.java"),
                "broken",
                StandardOpenOption.APPEND);
        var ended = run(folder, copy.resolve("holdfast").toString(), "--version");
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err())
                .contains("Blocks.java", "the build did not succeed; all of it is in");
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws Exception {
        var copy = copy("unbuilt", false);
        // Permissions do not stop root; a file where a folder is needed stops everybody.
        Files.writeString(copy.resolve("dist"), "");
        var ended = run(folder, copy.resolve("holdfast").toString(), "--version");
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err())
                .isEqualTo(
                        "holdfast: "
                                + copy
                                + " is not built yet and cannot be written: run it once as its owner\n");
    }

    @Test
    void aMissingJdkIsOneLine() throws Exception {
        var ended =
                run(
                        Checkout.root(),
                        "bash",
                        "-c",
                        ". scripts/jdk.sh; JDK_FEATURE_MIN=99; find_jdk");
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err())
                .startsWith("holdfast: needs a JDK 99 or newer (found: ")
                .hasLineCount(1);
    }

    @Test
    void aJdkIsKnownByWhatItIsAndNotByItsFolder() throws Exception {
        var jdk = Files.createDirectories(folder.resolve("jdk-99"));
        var bin = Files.createDirectory(jdk.resolve("bin"));
        for (var program : List.of("java", "javac")) {
            Files.createSymbolicLink(bin.resolve(program), Path.of("/bin/true"));
        }
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\n");
        var feature =
                run(
                        Checkout.root(),
                        "bash",
                        "-c",
                        ". scripts/jdk.sh; jdk_feature \"$0\"",
                        jdk.toString());
        assertThat(feature.out()).isEqualTo("17\n");
        Files.delete(bin.resolve("javac"));
        var runtimeOnly =
                run(
                        Checkout.root(),
                        "bash",
                        "-c",
                        ". scripts/jdk.sh; jdk_feature \"$0\"",
                        jdk.toString());
        assertThat(runtimeOnly.out()).isEmpty();
    }

    /// The checkout under another name, with dates kept; `built` includes what was built from it.
    private Path copy(String name, boolean built) throws IOException, InterruptedException {
        var copy = folder.resolve(name);
        var excluded = new ArrayList<>(List.of("--exclude=.git", "--exclude=target"));
        if (built) {
            run(folder, Checkout.root().resolve("holdfast").toString(), "--version");
        } else {
            excluded.add("--exclude=dist");
        }
        var command = new ArrayList<>(List.of("rsync", "-a"));
        command.addAll(excluded);
        command.addAll(List.of(Checkout.root() + "/", copy + "/"));
        var ended = run(folder, command.toArray(String[]::new));
        assertThat(ended.status()).as(ended.err()).isZero();
        return copy;
    }

    private static Ended run(Path where, String... command)
            throws IOException, InterruptedException {
        return finish(start(where, List.of(command)));
    }

    private static Process start(Path where, List<String> command) throws IOException {
        var builder = new ProcessBuilder(command).directory(where.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        var process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static Ended finish(Process process) throws IOException, InterruptedException {
        var err = new StringBuilder();
        var reader =
                Thread.ofVirtual()
                        .start(() -> {
                            try (var lines = process.errorReader(StandardCharsets.UTF_8)) {
                                lines.lines().forEach(l -> err.append(l).append('\n'));
                            } catch (IOException e) {
                                err.append(e);
                            }
                        });
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        reader.join();
        return new Ended(process.waitFor(), out, err.toString());
    }
}
