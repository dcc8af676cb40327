package holdfast.codegen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Writes the sources of the services named, and removes what an earlier run wrote and this one did
/// not. Files that would not change are left alone, so that nothing is compiled again for them.
///
/// Arguments: the folder for sources, then for each service `<package>=<prefix>=<model's
/// resource>`, which may be followed by files with supplements, `=<file>` each.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
        var folder = Path.of(arguments[0]);
        var sources = new TreeMap<Path, String>();
        for (var service : Arrays.asList(arguments).subList(1, arguments.length)) {
            var parts = service.split("=", -1);
            var supplements = Arrays.stream(parts).skip(3).map(Path::of).toList();
            var model = Model.read(parts[2], supplements);
            for (var source : new ServiceWriter(model, parts[0], parts[1]).sources().entrySet()) {
                var file = (parts[0] + "." + source.getKey()).replace('.', '/') + ".java";
                sources.put(folder.resolve(file), source.getValue());
            }
        }
        write(sources);
        remove(folder, sources);
    }

    private static void write(Map<Path, String> sources) throws IOException {
        for (var source : sources.entrySet()) {
            var file = source.getKey();
            if (!Files.exists(file) || !Files.readString(file).equals(source.getValue())) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, source.getValue());
            }
        }
    }

    private static void remove(Path folder, Map<Path, String> sources) throws IOException {
        try (var all = Files.walk(folder)) {
            for (var file : all.filter(Files::isRegularFile).toList()) {
                if (!sources.containsKey(file)) {
                    Files.delete(file);
                }
            }
        }
    }
}
