package holdfast.bench;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What the user asked for.
///
/// @param only names of benchmarks; all if empty
/// @param json where to write the figures
/// @param directory where the run makes its files
/// @param crowd where the source servers of `api` are kept from run to run, if they are
record Options(
        boolean quick,
        Set<String> only,
        Optional<Path> json,
        Path directory,
        Optional<Path> crowd) {
    static final String USAGE =
            """
            usage: bench/run [--quick] [--only <name>,...] [--json <file>] [--directory <folder>]
                             [--crowd <folder>]

            Measures Holdfast against peers in the same run and prints one table.

              --quick               less of everything: below 5 minutes, else below 35
              --only <name>,...     some of: copy, impact, lag, recovery, failback, api
              --json <file>         write every figure there as well
              --directory <folder>  where to make disks and staging areas, about 6 GiB; else
                                    TMPDIR or /var/tmp. Not in memory, or there is no disk to measure
              --crowd <folder>      keep the source servers of api there, and begin with those that
                                    are there: thousands take minutes to enrol
            """;

    /// A command line that is wrong.
    static final class UsageException extends Exception {
        private static final long serialVersionUID = 1;

        UsageException(String message) {
            super(message);
        }
    }

    Options {
        only = Set.copyOf(only);
    }

    /// @param known names of benchmarks
    /// @param directory where files go unless told otherwise
    static Options parse(List<String> arguments, Set<String> known, Path directory)
            throws UsageException {
        var quick = false;
        var only = new LinkedHashSet<String>();
        Optional<Path> json = Optional.empty();
        var folder = directory;
        Optional<Path> crowd = Optional.empty();
        for (var rest = arguments.iterator(); rest.hasNext(); ) {
            var argument = rest.next();
            switch (argument) {
                case "--quick" -> quick = true;
                case "--only" -> only.addAll(List.of(value(argument, rest).split(",", -1)));
                case "--json" -> json = Optional.of(Path.of(value(argument, rest)));
                case "--directory" -> folder = Path.of(value(argument, rest));
                case "--crowd" -> crowd = Optional.of(Path.of(value(argument, rest)));
                default -> throw new UsageException("unknown: " + argument);
            }
        }
        for (var name : only) {
            if (!known.contains(name)) {
                throw new UsageException("no benchmark is named \"" + name + "\"");
            }
        }
        return new Options(quick, only, json, folder, crowd);
    }

    private static String value(String option, java.util.Iterator<String> rest)
            throws UsageException {
        if (!rest.hasNext()) {
            throw new UsageException(option + ": the value is missing");
        }
        return rest.next();
    }

    boolean wants(String name) {
        return only.isEmpty() || only.contains(name);
    }
}
