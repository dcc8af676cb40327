package holdfast.cli;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// The pieces that commands are described with, so that all of them read alike: `--help`
/// everywhere, examples and exit statuses below it, one wording for an option that several commands
/// share.
final class Syntax {
    private static final int WIDTH = 100;

    private Syntax() {}

    /// A command that does something when it is named last on the command line.
    static CommandSpec command(String name, String description, Action action) {
        var spec = CommandSpec.wrapWithoutInspection(action).name(name);
        spec.usageMessage()
                .width(WIDTH)
                .description(description)
                .synopsisSubcommandLabel("[<command>]");
        spec.addOption(
                OptionSpec.builder("-h", "--help")
                        .usageHelp(true)
                        .description("Show this help.")
                        .build());
        return spec;
    }

    /// A command that only holds others.
    static CommandSpec group(String name, String description) {
        return command(
                name,
                description,
                (arguments, _) -> {
                    var spec = arguments.spec();
                    throw new UsageException(
                            String.format(
                                    Locale.ROOT,
                                    "%s needs one of the commands %s",
                                    spec.qualifiedName(),
                                    String.join(", ", spec.subcommands().keySet())));
                });
    }

    /// A command that asks the server: how to reach it, and `--json`.
    static CommandSpec asking(String name, String description, Session.Turn turn) {
        return command(name, description, Session.with(turn))
                .addOption(
                        option(
                                "--server-url",
                                "<url>",
                                String.format(
                                        Locale.ROOT,
                                        "The server's address; else HOLDFAST_URL, else %s.",
                                        ApiAccess.DEFAULT_URL)))
                .addOption(
                        option(
                                "--data",
                                "<dir>",
                                String.format(
                                        Locale.ROOT,
                                        "Folder with ca.pem and admin.key; else HOLDFAST_DATA, else %s. HOLDFAST_KEY stands in for admin.key.",
                                        ApiAccess.DEFAULT_DATA)))
                .addOption(flag("--json", "Print JSON in the form of docs/cli.md."));
    }

    /// Adds what stands below the options in `--help`: examples, and how the command may end. Every
    /// command may end as it should, badly, or misspelled; one that asks the server also refused or
    /// unanswered; `others` are its own.
    static CommandSpec examples(CommandSpec spec, List<String> examples, ExitStatus... others) {
        var statuses = EnumSet.of(ExitStatus.OK, ExitStatus.FAILURE, ExitStatus.USAGE);
        statuses.addAll(List.of(others));
        if (spec.findOption("--server-url") != null) {
            statuses.addAll(List.of(ExitStatus.REFUSED, ExitStatus.UNREACHABLE));
        }
        var footer = new ArrayList<String>();
        footer.add("");
        footer.add("Examples:");
        examples.forEach(example -> footer.add("  " + example));
        footer.add("");
        footer.add("Exit status:");
        statuses.forEach(status -> footer.add("  " + status.code() + "  " + status.meaning()));
        // Footers are format strings to picocli.
        var escaped = footer.stream().map(line -> line.replace("%", "%%")).toArray(String[]::new);
        spec.usageMessage().footer(escaped);
        return spec;
    }

    static OptionSpec at(String what) {
        return option(
                "--at",
                "<time>",
                what
                        + ": 2026-11-21T08:15:30Z, 2026-11-21 08:15:30 or 08:15:30 in the local zone, or -5m.");
    }

    static OptionSpec option(String name, String label, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .paramLabel(label)
                .description(description)
                .build();
    }

    static OptionSpec number(String name, String label, String description) {
        return OptionSpec.builder(name)
                .type(Integer.class)
                .paramLabel(label)
                .description(description)
                .build();
    }

    static OptionSpec flag(String name, String description) {
        return OptionSpec.builder(name)
                .arity("0")
                .type(boolean.class)
                .description(description)
                .build();
    }

    static PositionalParamSpec positional(String label, String description) {
        return PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .type(String.class)
                .paramLabel(label)
                .description(description)
                .build();
    }

    static PositionalParamSpec positionals(String label, String description) {
        return PositionalParamSpec.builder()
                .index("0..*")
                .arity("1..*")
                .required(true)
                .type(String[].class)
                .paramLabel(label)
                .description(description)
                .build();
    }
}
