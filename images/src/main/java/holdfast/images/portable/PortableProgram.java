package holdfast.images.portable;

import holdfast.base.RefusalException;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A program to be taken to other machines: what of it and of Java has to be there, and how it
/// starts.
///
/// @param name of the program and of its folder
/// @param options for the JVM
/// @param jars of its modules and of those that they require
/// @param unnamed those of the jars that do not say what they require themselves
/// @param javaModules what the others require of the JDK
/// @param main module and class, as `java -m` takes them
public record PortableProgram(
        String name,
        List<String> options,
        List<Path> jars,
        List<Path> unnamed,
        Set<String> javaModules,
        String main) {
    public PortableProgram {
        options = List.copyOf(options);
        jars = List.copyOf(jars);
        unnamed = List.copyOf(unnamed);
        javaModules = Set.copyOf(javaModules);
    }

    /// A class to begin with.
    ///
    /// @param module that it is in
    public record Start(String module, String mainClass) {}

    /// Collects what the start's module requires, however far, and nothing else: a server's modules
    /// lie on the same module path. What is needed at compile time only is left out.
    ///
    /// @param modulePath folders and jars, as `jdk.module.path` names them
    /// @throws RefusalException if a module is not there as a jar
    public static PortableProgram of(
            String name, List<String> options, List<Path> modulePath, Start start) {
        var finder = ModuleFinder.of(modulePath.toArray(Path[]::new));
        var java = ModuleFinder.ofSystem();
        var jars = new ArrayList<Path>();
        var unnamed = new ArrayList<Path>();
        var javaModules = new TreeSet<String>();
        var seen = new HashSet<String>();
        var open = new ArrayDeque<>(List.of(start.module()));
        while (!open.isEmpty()) {
            var module = open.removeFirst();
            if (!seen.add(module)) {
                continue;
            }
            if (java.find(module).isPresent()) {
                javaModules.add(module);
                continue;
            }
            var found = finder.find(module).orElseThrow(() -> missing(module, "not there"));
            jars.add(jar(found));
            if (found.descriptor().isAutomatic()) {
                unnamed.add(jars.getLast());
            }
            found.descriptor().requires().stream()
                    .filter(one -> !one.modifiers().contains(Requires.Modifier.STATIC))
                    .forEach(one -> open.add(one.name()));
        }
        return new PortableProgram(
                name,
                options,
                jars,
                unnamed,
                javaModules,
                start.module() + "/" + start.mainClass());
    }

    private static Path jar(ModuleReference reference) {
        return reference
                .location()
                .map(Path::of)
                .filter(path -> path.toString().endsWith(".jar"))
                .orElseThrow(() -> missing(reference.descriptor().name(), "no jar"));
    }

    private static RefusalException missing(String module, String how) {
        return new RefusalException(
                "program-incomplete",
                "module " + module + " is " + how + ": run ./holdfast from a checkout");
    }
}
