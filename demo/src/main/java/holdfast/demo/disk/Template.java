package holdfast.demo.disk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Objects;

/// The files that we write ourselves: scripts and settings kept beside this class.
final class Template {
    private Template() {}

    /// The file's bytes, with `@ROOT_UUID@` replaced.
    static byte[] read(String name) {
        var resource = Objects.requireNonNull(Template.class.getResourceAsStream(name), name);
        try (resource) {
            return new String(resource.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("@ROOT_UUID@", DiskPlan.ROOT_UUID.toString())
                    .getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a class path that lost a file is a broken build
        }
    }

    static byte[] lines(Collection<String> lines) {
        return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
