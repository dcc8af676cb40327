package holdfast.cli;

import holdfast.server.FirstKey;
import holdfast.server.ServerProcess;
import holdfast.server.ServerSettings;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// `holdfast server`: the process that keeps the copies and recovers from them.
final class ServerCommand {
    /// Options that are settings of the same name.
    private static final List<String> SETTINGS = List.of("listen", "replication-listen", "address");

    private static final String STORAGE_CLASS = "--storage-class";

    private ServerCommand() {}

    static CommandSpec spec() {
        var spec =
                Syntax.command(
                        "server",
                        "Runs the server until it is interrupted: receives from agents, keeps, recovers, answers the API.",
                        ServerCommand::run);
        spec.addOption(
                Syntax.option(
                        "--data",
                        "<dir>",
                        "Folder for everything that is kept, made if missing; else HOLDFAST_DATA, else "
                                + ApiAccess.DEFAULT_DATA
                                + ". Settings are read from "
                                + ServerSettings.FILE
                                + " in it."));
        spec.addOption(
                Syntax.option(
                        "--listen", "<addr:port>", "Where the API listens; else 0.0.0.0:8443."));
        spec.addOption(
                Syntax.option(
                        "--replication-listen",
                        "<addr:port>",
                        "Where agents are received; else 0.0.0.0:1500."));
        spec.addOption(
                Syntax.option(
                        "--address",
                        "<host>",
                        "Name or address by which agents reach this server; else the one they enrolled at."));
        spec.addOption(
                OptionSpec.builder(STORAGE_CLASS)
                        .type(String[].class)
                        .arity("1")
                        .paramLabel("<class>=<dir>")
                        .description(
                                "Keeps servers of a storage class (GP2, GP3, IO1, SC1 or ST1) in that folder instead of the one of --data. Once for each.")
                        .build());
        return Syntax.examples(
                spec,
                List.of(
                        "holdfast server",
                        "holdfast server --storage-class ST1=/srv/disks",
                        "holdfast server --data /srv/holdfast --listen 10.0.0.5:8443 --replication-listen 10.0.0.5:1500"),
                ExitStatus.REFUSED,
                ExitStatus.DAMAGE);
    }

    private static ExitStatus run(Arguments arguments, Context context)
            throws IOException, InterruptedException {
        var given = new HashMap<String, String>();
        for (var setting : SETTINGS) {
            arguments.text("--" + setting).ifPresent(value -> given.put(setting, value));
        }
        for (var storageClass : arguments.texts(STORAGE_CLASS)) {
            var at = storageClass.indexOf('=');
            if (at < 1 || at == storageClass.length() - 1) {
                throw new UsageException(
                        "--storage-class: expected <class>=<dir>, such as ST1=/srv/disks, found "
                                + storageClass);
            }
            var key = ServerSettings.STORAGE_CLASS + storageClass.substring(0, at);
            var directory = storageClass.substring(at + 1);
            if (given.put(key, directory) != null) {
                throw new UsageException(
                        "--storage-class: " + storageClass.substring(0, at) + " is named twice");
            }
        }
        var settings = ServerSettings.read(ApiAccess.data(arguments, context), given);
        StandardErrorLog.start();
        var terminal = context.terminal();
        ServerProcess.run(
                settings,
                server -> {
                    terminal.result("holdfast server answers at https://" + server.apiAddress());
                    server.firstAccessKey().ifPresent(key -> tell(key, terminal));
                });
        return ExitStatus.OK;
    }

    /// The secret only to a person: a service's output is kept in logs that others read.
    private static void tell(FirstKey key, Terminal terminal) {
        terminal.result("first access key for AWS clients: " + key.id());
        var kept = "kept in aws-credentials of the data folder";
        if (terminal.interactive()) {
            terminal.note("its secret, told this once and " + kept + ": " + key.secret());
        } else {
            terminal.result("its secret is " + kept);
        }
    }
}
