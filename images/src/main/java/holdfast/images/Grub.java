package holdfast.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// GRUB, put together without `grub-install`, which would want a mounted disk.
public final class Grub {
    /// Where Debian keeps GRUB's parts, by platform.
    public static final Path PARTS = Path.of("/usr/lib/grub");

    private Grub() {}

    /// GRUB's core with these modules built in.
    ///
    /// @param scratch a directory for files on the way; the caller deletes it
    /// @param platform as `grub-mkimage` names it, such as `x86_64-efi`
    /// @param settings what it does first
    /// @return the image, in `scratch`
    public static Path make(
            Programs programs, Path scratch, String platform, byte[] settings, List<String> modules)
            throws IOException, InterruptedException {
        var early = Files.write(scratch.resolve("early.cfg"), settings);
        var made = scratch.resolve("grub-" + platform);
        var command = new ArrayList<>(List.of("grub-mkimage", "-O", platform));
        command.addAll(List.of("-c", early.toString()));
        command.addAll(List.of("-p", "/boot/grub", "-o", made.toString()));
        command.addAll(modules);
        programs.run(scratch, command.toArray(String[]::new));
        return made;
    }
}
