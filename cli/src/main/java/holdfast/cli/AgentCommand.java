package holdfast.cli;

import holdfast.agent.Agent;
import holdfast.agent.AgentSeams;
import holdfast.agent.AgentSettings;
import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.tracking.Disks;
import holdfast.tracking.Tracker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// `holdfast agent`: the process on a source server, and what it says of itself.
final class AgentCommand {
    /// As operators of networks count: bits, and a million of them.
    private static final long BYTES_PER_MEGABIT = 1_000_000 / 8;

    private AgentCommand() {}

    static CommandSpec spec() {
        return agent("agent", "holdfast agent")
                .addSubcommand(
                        "archive",
                        ArchiveCommand.below("agent", "the agent", PortablePrograms::agent));
    }

    /// The agent as a program of its own.
    static CommandSpec program() {
        return agent("holdfast-agent", "holdfast-agent").addOption(Version.option());
    }

    /// @param called the command line that calls it, for examples
    private static CommandSpec agent(String name, String called) {
        var agent = Syntax.group(name, "Protects the disks of this machine.");
        Syntax.examples(agent, List.of(called + " status"));
        return agent.addSubcommand("run", runSpec(called))
                .addSubcommand("status", statusSpec(called))
                .addSubcommand("uninstall", uninstallSpec(called));
    }

    private static CommandSpec runSpec(String called) {
        var run =
                Syntax.command(
                        "run",
                        "Sends every change of the disks to a server, until it is interrupted. Needs root for block devices; writes to none.",
                        AgentCommand::run);
        run.addOption(
                OptionSpec.builder("--disk")
                        .type(String[].class)
                        .arity("1")
                        .paramLabel("<path>")
                        .description(
                                "A disk to protect: a whole block device, or an image file to try it out. Once for each.")
                        .build());
        run.addOption(
                Syntax.option("--server", "<url>", "Where to enrol; not needed once enrolled."));
        run.addOption(
                Syntax.option(
                        "--token",
                        "<token>",
                        "To enrol with, from holdfast token create; not needed once enrolled."));
        AgentAdmission.options().forEach(run::addOption);
        run.addOption(
                Syntax.number("--limit-mbps", "<n>", "Send at most so many megabits a second."));
        run.addOption(
                Syntax.option(
                        "--tracker",
                        "<kind>",
                        "ebpf or scan: how changes are found; else the best that works here."));
        run.addOption(
                Syntax.number(
                        "--allow-freeze",
                        "<ms>",
                        "Hold writes back for at most so long when no point can be had otherwise; else never."));
        run.addOption(
                Syntax.option(
                        "--when-failed-back",
                        "<what>",
                        "power-off or leave: what becomes of this machine once it is a recovery instance that was failed back; else power-off."));
        run.addOption(state());
        return Syntax.examples(
                run,
                List.of(
                        called
                                + " run --server https://backup:8443 --token <token> --disk /dev/vda",
                        called
                                + " run --server https://backup:8443 --access-key-id <id> --secret-access-key <secret> --ca ca.pem --disk /dev/vda",
                        called + " run --disk /dev/vda --disk /dev/vdb --limit-mbps 200"),
                ExitStatus.REFUSED,
                ExitStatus.UNREACHABLE);
    }

    private static CommandSpec statusSpec(String called) {
        var status =
                Syntax.command(
                        "status",
                        "Shows how the agent on this machine stands.",
                        AgentCommand::status);
        status.addOption(state());
        status.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(
                status, List.of(called + " status", called + " status --json | jq .lagMillis"));
    }

    private static CommandSpec uninstallSpec(String called) {
        var uninstall =
                Syntax.command(
                        "uninstall",
                        "Ends tracking in the kernel and deletes this machine's identity, after its agent was stopped. What the server holds stays.",
                        AgentCommand::uninstall);
        uninstall.addOption(state());
        uninstall.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(uninstall, List.of(called + " uninstall"), ExitStatus.REFUSED);
    }

    private static OptionSpec state() {
        return Syntax.option(
                "--state",
                "<dir>",
                "Folder of the agent's identity; else " + AgentSettings.STATE_DIRECTORY + ".");
    }

    private static Path state(Arguments arguments) {
        return arguments.text("--state").map(Path::of).orElse(AgentSettings.STATE_DIRECTORY);
    }

    private static ExitStatus run(Arguments arguments, Context context) throws IOException {
        var settings = settings(arguments, context);
        StandardErrorLog.start();
        var agent = new Agent(settings, AgentSeams.system(settings, Version.ours()));
        Runtime.getRuntime().addShutdownHook(new Thread(agent::stop, "agent-stop"));
        agent.run();
        return ExitStatus.OK;
    }

    private static AgentSettings settings(Arguments arguments, Context context) throws IOException {
        var disks = arguments.texts("--disk").stream().map(Path::of).toList();
        if (disks.isEmpty()) {
            throw new UsageException(
                    "name each disk to protect with --disk; this machine has " + known());
        }
        return new AgentSettings(
                state(arguments),
                disks,
                arguments.text("--server").map(ApiAccess::base),
                AgentAdmission.of(arguments, context),
                arguments.text("--tracker").map(AgentCommand::tracker),
                positive(arguments, "--limit-mbps")
                        .map(limit -> OptionalLong.of(limit * BYTES_PER_MEGABIT))
                        .orElse(OptionalLong.empty()),
                positive(arguments, "--allow-freeze").map(Duration::ofMillis),
                ending(arguments.text("--when-failed-back").orElse("power-off")),
                AgentSettings.Pacing.USUAL,
                AgentSettings.Resources.USUAL);
    }

    private static String known() throws IOException {
        var disks = Disks.local().list();
        return disks.isEmpty()
                ? "no disk that can be protected"
                : disks.stream()
                        .map(d -> d.disk().path() + " (" + Units.bytes(d.disk().sizeBytes()) + ")")
                        .collect(Collectors.joining(", "));
    }

    private static Optional<Integer> positive(Arguments arguments, String option) {
        var value = arguments.number(option);
        if (value.isPresent() && value.get() <= 0) {
            throw new UsageException(option + " is a number above zero, not " + value.get());
        }
        return value;
    }

    private static AgentSettings.Ending ending(String what) {
        return switch (what.toLowerCase(Locale.ROOT)) {
            case "power-off" -> AgentSettings.Ending.POWER_OFF;
            case "leave" -> AgentSettings.Ending.LEAVE;
            default ->
                    throw new UsageException(
                            "--when-failed-back is power-off or leave, not '" + what + "'");
        };
    }

    private static Tracker.Kind tracker(String kind) {
        return switch (kind.toLowerCase(Locale.ROOT)) {
            case "ebpf" -> Tracker.Kind.EBPF;
            case "scan" -> Tracker.Kind.SCAN;
            default -> throw new UsageException("--tracker is ebpf or scan, not '" + kind + "'");
        };
    }

    private static ExitStatus status(Arguments arguments, Context context) throws IOException {
        var json = ApiClient.JSON.readTree(Agent.status(Network.system(), state(arguments)));
        var status = new Answer(json);
        if (arguments.flag("--json")) {
            context.terminal().result(json.toPrettyString());
            return ExitStatus.OK;
        }
        AgentStatusView.lines(status, context.zone()).forEach(context.terminal()::result);
        return ExitStatus.OK;
    }

    private static ExitStatus uninstall(Arguments arguments, Context context) throws IOException {
        var state = state(arguments);
        Agent.uninstall(Filesystem.local(), state);
        context.terminal()
                .result(
                        arguments.flag("--json")
                                ? "{}"
                                : "tracking has ended, "
                                        + state
                                        + " is gone; holdfast servers remove also deletes what the"
                                        + " server holds");
        return ExitStatus.OK;
    }
}
