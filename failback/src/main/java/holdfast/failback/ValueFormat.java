package holdfast.failback;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// How local disks are named in a device mapping (`--dm-value-format`). All but the first name the
/// same disk after the next boot, too.
public enum ValueFormat {
    /// `/dev/sda`, or `sda`.
    DEV_NAME(""),
    /// As in `/dev/disk/by-path`.
    BY_PATH("disk/by-path"),
    /// As in `/dev/disk/by-id`.
    BY_ID("disk/by-id"),
    /// As in `/dev/disk/by-uuid`.
    BY_UUID("disk/by-uuid"),
    /// Any of these, as long as it names one disk.
    ALL_STRICT("");

    private final String folder;

    ValueFormat(String folder) {
        this.folder = folder;
    }

    /// As users write it: `by-path`.
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @throws IllegalArgumentException if there is none of that name
    public static ValueFormat of(String text) {
        return Arrays.stream(values())
                .filter(format -> format.text().equals(text))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "'"
                                        + text
                                        + "' is no value format; there are "
                                        + Arrays.stream(values())
                                                .map(ValueFormat::text)
                                                .collect(Collectors.joining(", "))));
    }

    /// What the value names here.
    ///
    /// @param dev where devices are, `/dev`
    /// @return paths that exist; one if all is well
    Set<Path> resolve(String value, Path dev) {
        var found = new LinkedHashSet<Path>();
        for (var format :
                this == ALL_STRICT ? List.of(DEV_NAME, BY_PATH, BY_ID, BY_UUID) : List.of(this)) {
            var path =
                    dev.resolve(format.folder).resolve(value); // absolute ones stay what they are
            try {
                if (!value.isBlank() && Files.exists(path) && !Files.isDirectory(path)) {
                    found.add(path.toRealPath());
                }
            } catch (IOException _) {
                // gone since
            }
        }
        return found;
    }
}
