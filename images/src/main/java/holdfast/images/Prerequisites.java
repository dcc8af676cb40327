package holdfast.images;

import holdfast.base.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// The Debian packages that must be installed to make an image of some kind.
///
/// @param requirements in the order in which they are named to the user
public record Prerequisites(List<Requirement> requirements) {
    /// One file of a package, by which to see that the package is installed.
    ///
    /// @param debianPackage its name for `apt-get install`
    /// @param file a program's name, looked for where programs are, or an absolute path
    public record Requirement(String debianPackage, String file) {
        boolean met() {
            return Programs.locate(file).isPresent();
        }
    }

    /// What [DebianPackages] needs.
    public static final Requirement APT = new Requirement("apt", "apt-get");

    public Prerequisites {
        requirements = List.copyOf(requirements);
    }

    /// Names of the packages to install, each once.
    public List<String> missing() {
        return requirements.stream()
                .filter(requirement -> !requirement.met())
                .map(Requirement::debianPackage)
                .distinct()
                .toList();
    }

    /// One line for the user: what is missing and how to get it; empty if all is there.
    public Optional<String> complaint() {
        var missing = missing();
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                missing.contains(APT.debianPackage())
                        ? "apt-get not found: this is made from Debian packages; use Debian 12 or later on x86_64"
                        : String.format(
                                Locale.ROOT,
                                "missing: %s; run: sudo %s",
                                String.join(", ", missing),
                                String.join(" ", installing(missing))));
    }

    /// Installs what is missing; needs root. Quiet, and asks nothing.
    ///
    /// @param progress told what is being done, in words
    /// @throws IOException if apt-get could not, with what it said
    public void install(Processes processes, Consumer<String> progress)
            throws IOException, InterruptedException {
        var missing = missing();
        if (missing.isEmpty()) {
            return;
        }
        progress.accept("installing " + String.join(", ", missing));
        var programs = new Programs(processes);
        var directory = Files.createTempDirectory("holdfast-install-");
        try {
            var environment = Map.of("DEBIAN_FRONTEND", "noninteractive");
            var command = installing(missing);
            try {
                programs.run(directory, environment, command);
            } catch (IOException _) { // most often an index that is old, or none at all
                programs.run(directory, environment, List.of("apt-get", "update", "-qq"));
                programs.run(directory, environment, command);
            }
        } finally {
            Trees.delete(directory);
        }
    }

    private static List<String> installing(List<String> packages) {
        var command = new ArrayList<>(List.of("apt-get", "install", "-y", "-qq"));
        command.add("--no-install-recommends"); // of QEMU that would be a desktop
        command.addAll(packages);
        return command;
    }
}
