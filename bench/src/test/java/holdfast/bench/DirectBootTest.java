package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectBootTest {
    private static final Path DATA = Path.of("/srv/holdfast");
    private static final Path IMAGE = Path.of("/srv/image.raw");
    private static final String NODE =
            """
            {"driver":"nbd","node-name":"disk0","server":{"type":"unix","path":"/srv/s"},"export":"e","discard":"unmap"}\
            """;
    private static final List<String> INSTANCE =
            List.of(
                    "qemu",
                    "-pidfile",
                    "/srv/holdfast/machines/i-1/pid",
                    "-m",
                    "512M",
                    "-chardev",
                    "socket,id=console,path=/srv/holdfast/machines/i-1/console.sock,logappend=on,logfile=/srv/holdfast/evidence/i-1/console.log",
                    "-blockdev",
                    NODE);

    @TempDir private Path folder;

    @Test
    void onlyTheDiskAndThePlacesOfFilesAreOthers() throws Exception {
        var boot = DirectBoot.like(INSTANCE, DATA, IMAGE, folder);
        assertThat(boot.console()).isEqualTo(folder.resolve("console.log"));
        assertThat(boot.command())
                .containsExactly(
                        "qemu",
                        "-pidfile",
                        folder + "/pid",
                        "-m",
                        "512M",
                        "-chardev",
                        "socket,id=console,path="
                                + folder
                                + "/console.sock,logappend=on,logfile="
                                + folder
                                + "/console.log",
                        "-blockdev",
                        "{\"driver\":\"raw\",\"node-name\":\"disk0\",\"discard\":\"unmap\",\"file\":{\"driver\":\"file\",\"filename\":\"/srv/image.raw\"}}");
    }

    /// A prompt that another machine showed would be a boot of no time at all.
    @Test
    void aConsoleThatIsNotItsOwnIsRefused() throws Exception {
        assertThatThrownBy(() -> DirectBoot.like(INSTANCE, Path.of("/srv/else"), IMAGE, folder))
                .isInstanceOf(IOException.class);
        Files.writeString(folder.resolve("console.log"), "old login: ");
        assertThatThrownBy(() -> DirectBoot.like(INSTANCE, DATA, IMAGE, folder))
                .isInstanceOf(IOException.class);
    }

    @Test
    void thePromptIsWaitedFor() throws Exception {
        var boot = DirectBoot.like(INSTANCE, DATA, IMAGE, folder);
        assertThat(boot.asksForLogin()).isFalse();
        Files.writeString(boot.console(), "Booting from Hard Disk");
        assertThat(boot.asksForLogin()).isFalse();
        Files.writeString(boot.console(), "Booting\nholdfast-demo login: ");
        assertThat(boot.asksForLogin()).isTrue();
    }
}
