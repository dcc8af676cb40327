package holdfast.images.live;

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

/// The failback client as a program: what of it and of Java has to be there, and where it begins.
///
/// @param jars of its modules and of those that they require
/// @param unnamed those of the jars that do not say what they require themselves
/// @param javaModules what the others require of the JDK
/// @param main module and class, as `java -m` takes them
public record ClientProgram(
        List<Path> jars, List<Path> unnamed, Set<String> javaModules, String main) {
    public ClientProgram {
        jars = List.copyOf(jars);
        unnamed = List.copyOf(unnamed);
        javaModules = Set.copyOf(javaModules);
    }

    /// Collects what the main class's module requires, however far, and nothing else: a server's
    /// modules lie on the same module path. What is needed at compile time only is left out.
    ///
    /// @param modulePath folders and jars, as `jdk.module.path` names them
    /// @throws RefusalException if a module is not there as a jar
    public static ClientProgram of(List<Path> modulePath, String mainModule, String mainClass) {
        var finder = ModuleFinder.of(modulePath.toArray(Path[]::new));
        var java = ModuleFinder.ofSystem();
        var jars = new ArrayList<Path>();
        var unnamed = new ArrayList<Path>();
        var javaModules = new TreeSet<String>();
        var seen = new HashSet<String>();
        var open = new ArrayDeque<>(List.of(mainModule));
        while (!open.isEmpty()) {
            var name = open.removeFirst();
            if (!seen.add(name)) {
                continue;
            }
            if (java.find(name).isPresent()) {
                javaModules.add(name);
                continue;
            }
            var found = finder.find(name).orElseThrow(() -> missing(name, "not there"));
            jars.add(jar(found));
            if (found.descriptor().isAutomatic()) {
                unnamed.add(jars.getLast());
            }
            found.descriptor().requires().stream()
                    .filter(one -> !one.modifiers().contains(Requires.Modifier.STATIC))
                    .forEach(one -> open.add(one.name()));
        }
        return new ClientProgram(jars, unnamed, javaModules, mainModule + "/" + mainClass);
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
                "client-incomplete",
                "module " + module + " is " + how + ": run ./holdfast from a checkout");
    }
}
