package holdfast.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast export`: takes one disk, as it was at a point, out of the staging area.
final class ExportCommand {
    private static final List<String> FORMATS = List.of("raw", "qcow2", "nbd");

    private ExportCommand() {}

    static CommandSpec spec() {
        var spec =
                Syntax.asking(
                        "export",
                        "Copies a disk, as it was at a point, into an image; or serves it over NBD until interrupted.",
                        ExportCommand::export);
        spec.addPositional(Syntax.positional("<server>", "Its id or host name."));
        spec.addOption(
                Syntax.option("--disk", "<name>", "Which disk, as holdfast servers show lists it.")
                        .toBuilder()
                        .required(true)
                        .build());
        spec.addOption(
                Syntax.option("--format", "<format>", "raw, qcow2 or nbd.").toBuilder()
                        .required(true)
                        .build());
        spec.addOption(
                Syntax.option("--to", "<path>", "The image to write: a new file, or a device."));
        spec.addOption(Syntax.flag("--force", "Overwrite the file or device at --to."));
        spec.addOption(
                Syntax.at("Export the newest point at or before this time; else the newest"));
        spec.addOption(
                Syntax.option(
                        "--point", "<id>", "Export this point, as holdfast points lists it."));
        return Syntax.examples(
                spec,
                List.of(
                        "holdfast export web-1 --disk /dev/vda --format qcow2 --to web-1.qcow2",
                        "holdfast export web-1 --disk /dev/vda --at 14:29:59 --format raw --to /dev/sdx --force",
                        "holdfast export web-1 --disk /dev/vda --format nbd"));
    }

    private static ExitStatus export(Session session) throws IOException, InterruptedException {
        var arguments = session.arguments();
        var format = arguments.text("--format").orElse("").toLowerCase(Locale.ROOT);
        var to = arguments.text("--to").map(Path::of);
        if (!FORMATS.contains(format)) {
            throw new UsageException("--format is raw, qcow2 or nbd, not '" + format + "'");
        }
        if (format.equals("nbd") == to.isPresent()) {
            throw new UsageException(
                    to.isPresent()
                            ? "--format nbd writes no file: leave --to out"
                            : "--format " + format + " needs --to <path>");
        }
        if (to.isPresent()) {
            ImageCopy.checkTarget(to.get(), format, arguments.flag("--force"));
        }
        var server = session.server(arguments.positional(0));
        var request = ApiClient.JSON.createObjectNode();
        request.put("server", server.text("id")).put("disk", arguments.text("--disk").orElse(""));
        RecoverCommand.chooseTime(session, request);
        try (var served = new ServedExport(session.api(), request)) {
            return to.isPresent() ? copy(session, served, format, to.get()) : hold(session, served);
        }
    }

    private static ExitStatus copy(Session session, ServedExport served, String format, Path to)
            throws IOException, InterruptedException {
        var time = session.context().time();
        var started = time.nanoTime();
        var bar = new ProgressBar(session.terminal(), to.getFileName().toString());
        new ImageCopy(session.context().processes(), served.uri(), format, to).run(bar::at);
        var took = Duration.ofNanos(time.nanoTime() - started);
        if (session.json()) {
            session.print(
                    new Answer(
                            ApiClient.JSON
                                    .createObjectNode()
                                    .put("path", to.toAbsolutePath().toString())
                                    .put("format", format)
                                    .put("tookMillis", took.toMillis())));
        } else {
            session.terminal()
                    .result(String.format(Locale.ROOT, "%s written in %s", to, Units.span(took)));
        }
        return ExitStatus.OK;
    }

    /// Serves until the user ends this process, whose end also ends the serving.
    private static ExitStatus hold(Session session, ServedExport served)
            throws InterruptedException {
        if (session.json()) {
            session.print(served.answer());
        } else {
            session.terminal().result(served.uri());
            session.terminal().note("served read-only until you press Ctrl-C");
        }
        new CountDownLatch(1).await();
        return ExitStatus.OK;
    }
}
