package holdfast.images.live;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// The scripts and settings that we write ourselves, kept beside this class.
final class Resource {
    private Resource() {}

    static String text(String name) {
        return new String(bytes(name), StandardCharsets.UTF_8);
    }

    static byte[] bytes(String name) {
        var resource = Objects.requireNonNull(Resource.class.getResourceAsStream(name), name);
        try (resource) {
            return resource.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a module that lost a file is a broken build
        }
    }
}
