package holdfast.volume;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// Which storage classes have a staging area of their own.
///
/// @param directories of these areas, absolute, by class; the default one is not among them
/// @param record file in which those are remembered that there were at the last start
///   (docs/formats/storage-classes.md)
public record StorageClasses(Map<String, Path> directories, Path record) {
    public StorageClasses {
        directories = Collections.unmodifiableMap(new TreeMap<>(directories));
    }
}
