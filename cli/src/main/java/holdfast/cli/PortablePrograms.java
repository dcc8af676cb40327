package holdfast.cli;

import holdfast.base.RefusalException;
import holdfast.images.portable.PortableProgram;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What can be taken to machines that have no Java, out of what this process was started from.
final class PortablePrograms {
    private PortablePrograms() {}

    static PortableProgram failback() {
        return of(
                "holdfast-failback",
                List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData"),
                FailbackMain.class);
    }

    /// With the options that `./holdfast agent` has, which says why.
    static PortableProgram agent() {
        return of(
                "holdfast-agent",
                List.of(
                        "-Xlog:all=warning:stderr",
                        "-Xms16m",
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:+PerfDisableSharedMem",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-XX:TrimNativeHeapInterval=60000"),
                AgentMain.class);
    }

    private static PortableProgram of(String name, List<String> options, Class<?> main) {
        var path =
                Optional.ofNullable(System.getProperty("jdk.module.path"))
                        .orElseThrow(() ->
                                new RefusalException(
                                        "program-incomplete",
                                        name
                                                + " is taken from this program's own jars: run ./holdfast from a checkout"));
        var modules = Stream.of(path.split(File.pathSeparator)).map(Path::of).toList();
        var start = new PortableProgram.Start(main.getModule().getName(), main.getName());
        return PortableProgram.of(name, options, modules, start);
    }
}
