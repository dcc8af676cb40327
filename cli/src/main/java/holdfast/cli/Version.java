package holdfast.cli;

import java.util.List;
import java.util.Objects;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// `holdfast version`, and what `--version` prints.
final class Version {
    private Version() {}

    static CommandSpec spec() {
        var spec =
                Syntax.command(
                        "version",
                        "Prints the version of this program and of the Java that runs it.",
                        (arguments, context) -> {
                            if (arguments.flag("--json")) {
                                var json =
                                        ApiClient.JSON
                                                .createObjectNode()
                                                .put("version", ours())
                                                .put("java", java());
                                context.terminal().result(json.toPrettyString());
                            } else {
                                context.terminal().result(line());
                            }
                            return ExitStatus.OK;
                        });
        spec.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(spec, List.of("holdfast version"));
    }

    static OptionSpec option() {
        return OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Print the version.")
                .build();
    }

    static String line() {
        return "holdfast " + ours() + " (Java " + java() + ")";
    }

    /// From the module's descriptor, where the build records it; there is none on a class path.
    static String ours() {
        var descriptor = Version.class.getModule().getDescriptor();
        return descriptor == null ? "unpackaged" : descriptor.rawVersion().orElse("unpackaged");
    }

    private static String java() {
        return Objects.toString(Runtime.version());
    }
}
