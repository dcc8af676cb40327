package holdfast.cli;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// All commands, and how one of them is found and run. Built from specifications and not from
/// annotated classes, so the module stays closed to reflection (`docs/decisions/command-line.md`).
final class CommandTree {
    private final Context context;
    private final Supplier<CommandSpec> program;

    /// All of `holdfast`.
    CommandTree(Context context) {
        this(context, CommandTree::root);
    }

    /// @param program the outermost command
    CommandTree(Context context, Supplier<CommandSpec> program) {
        this.context = context;
        this.program = program;
    }

    /// Parses, runs, reports; the result is how the process should end.
    ExitStatus run(String... arguments) {
        // Asked before parsing, since a command line that does not parse has failures too.
        var failures = new Failures(context, Arrays.asList(arguments).contains("--json"));
        try {
            var line = new CommandLine(program.get());
            line.setCaseInsensitiveEnumValuesAllowed(true);
            var parsed = line.parseArgs(arguments);
            if (help(parsed)) {
                return ExitStatus.OK;
            }
            var action = (Action) innermost(parsed).commandSpec().userObject();
            return action.run(Arguments.of(parsed), context);
        } catch (ParameterException e) {
            return failures.report(new UsageException(worded(e)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failures.report(e);
        } catch (Exception e) {
            return failures.report(e);
        }
    }

    static CommandSpec root() {
        var root =
                Syntax.group(
                        "holdfast", "Protects running servers and recovers them at any second.");
        root.addOption(Version.option());
        Syntax.examples(
                root,
                List.of(
                        "holdfast server --data /srv/holdfast",
                        "holdfast agent run --server https://backup:8443 --token <token> --disk /dev/vda",
                        "holdfast servers",
                        "holdfast drill web-1 --at 14:29:59"));
        for (var command :
                List.of(
                        ServerCommand.spec(),
                        DemoCommand.spec(),
                        TokenCommand.spec(),
                        AccountCommand.spec(),
                        UserCommand.spec(),
                        RoleCommand.spec(),
                        KeyCommand.spec(),
                        EncryptionKeysCommand.spec(),
                        AuditCommand.spec(),
                        AgentCommand.spec(),
                        FailbackCommand.spec(),
                        StatusCommand.spec(),
                        ServersCommand.spec(),
                        PointsCommand.spec(),
                        RecoverCommand.drill(),
                        RecoverCommand.recover(),
                        PlansCommand.spec(),
                        NetworksCommand.spec(),
                        InstancesCommand.spec(),
                        ExportCommand.spec(),
                        CheckCommand.verify(),
                        CheckCommand.scrub(),
                        Version.spec())) {
            root.addSubcommand(command.name(), command);
        }
        return root;
    }

    /// Prints what `--help` or `--version` asks for.
    private boolean help(ParseResult parsed) {
        for (var line : parsed.asCommandLineList()) {
            if (line.isUsageHelpRequested()) {
                line.usage(context.terminal().results());
                return true;
            }
            if (line.isVersionHelpRequested()) {
                context.terminal().result(Version.line());
                return true;
            }
        }
        return false;
    }

    private static ParseResult innermost(ParseResult parsed) {
        return parsed.hasSubcommand() ? innermost(parsed.subcommand()) : parsed;
    }

    private static String worded(ParameterException e) {
        var command = e.getCommandLine().getCommandSpec().qualifiedName();
        var message = String.valueOf(e.getMessage());
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            message += "; did you mean " + String.join(" or ", unmatched.getSuggestions()) + "?";
        }
        return Character.toLowerCase(message.charAt(0))
                + message.substring(1)
                + " (see "
                + command
                + " --help)";
    }
}
