package holdfast.images.portable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PortableProgramTest {
    @TempDir private Path folder;

    /// A module path with more than the client needs.
    @Test
    void onlyWhatTheClientRequiresIsTaken() throws Exception {
        module("library", "requires java.net.http;");
        module("server", "requires java.sql;");
        module("client", "requires library; requires static server;");
        module("other", "requires java.desktop;");

        var program = program(List.of(folder.resolve("jars")));

        assertThat(program.jars())
                .extracting(jar -> jar.getFileName().toString())
                .containsExactlyInAnyOrder("client.jar", "library.jar");
        assertThat(program.javaModules()).containsExactlyInAnyOrder("java.base", "java.net.http");
        assertThat(program.unnamed()).isEmpty();
        assertThat(program.main()).isEqualTo("client/client.Main");
    }

    @Test
    void aModuleThatIsNotThereIsNamed() throws Exception {
        module("library", "");
        module("client", "requires library;");
        Files.delete(folder.resolve("jars/library.jar"));
        var path = List.of(folder.resolve("jars"));

        assertThatThrownBy(() -> program(path))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("module library is not there");
    }

    private static PortableProgram program(List<Path> modulePath) {
        var start = new PortableProgram.Start("client", "client.Main");
        return PortableProgram.of("client", List.of("-Xmx64m"), modulePath, start);
    }

    private void module(String name, String requires) throws IOException {
        var jars = Files.createDirectories(folder.resolve("jars"));
        var source = Files.createDirectories(folder.resolve(name)).resolve("module-info.java");
        Files.writeString(source, "module " + name + " { " + requires + " }");
        run(
                "javac",
                "-p",
                jars.toString(),
                "-d",
                folder.resolve(name).toString(),
                source.toString());
        run(
                "jar",
                "--create",
                "--file=" + jars.resolve(name + ".jar"),
                "-C",
                folder.resolve(name).toString(),
                "module-info.class");
    }

    private static void run(String tool, String... arguments) {
        var status =
                ToolProvider.findFirst(tool).orElseThrow().run(System.out, System.err, arguments);
        assertThat(status).as(tool).isZero();
    }
}
