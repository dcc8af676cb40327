package holdfast.demo;

import java.util.ArrayList;
import java.util.List;

/// How to start this program again as another process.
///
/// @param prefix the command up to, and without, the subcommand
public record Program(List<String> prefix) {
    /// Set by the launcher to its own path.
    public static final String LAUNCHER_PROPERTY = "holdfast.launcher";

    public Program {
        prefix = List.copyOf(prefix);
    }

    /// The launcher that started this process; without one (in tests) this Java with this class
    /// path and the given main class.
    public static Program self(String mainClass) {
        var launcher = System.getProperty(LAUNCHER_PROPERTY);
        return launcher != null ? new Program(List.of(launcher)) : java(mainClass);
    }

    /// This Java, with this process's class or module path, for another main class of ours.
    public static Program java(String mainClass) {
        var java = System.getProperty("java.home") + "/bin/java";
        var modulePath = System.getProperty("jdk.module.path");
        var command = new ArrayList<>(List.of(java, "-Xshare:auto", "-XX:+UseSerialGC"));
        if (modulePath == null || modulePath.isEmpty()) {
            command.add("--enable-native-access=ALL-UNNAMED");
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        } else {
            command.addAll(List.of("-p", modulePath, "-m", "holdfast.demo/" + mainClass));
        }
        return new Program(command);
    }

    public List<String> command(List<String> arguments) {
        var command = new ArrayList<>(prefix);
        command.addAll(arguments);
        return command;
    }
}
