package holdfast.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.node.ArrayNode;

/// `holdfast instances export`: copies all disks of a recovery instance, as they were at one
/// instant, into images, to start it where Holdfast does not launch machines.
final class InstanceExport {
    private static final List<String> FORMATS = List.of("raw", "qcow2");

    private InstanceExport() {}

    static CommandSpec spec() {
        var spec =
                Syntax.asking(
                        "export",
                        "Copies all disks of a recovery instance, as they are at one instant, into images, one a disk.",
                        InstanceExport::export);
        spec.addPositional(Syntax.positional("<id>", "As holdfast instances lists it."));
        spec.addOption(
                Syntax.option("--format", "<format>", "raw or qcow2.").toBuilder()
                        .required(true)
                        .build());
        spec.addOption(
                Syntax.option(
                                "--to",
                                "<folder>",
                                "Where the images are written; an image is named after its disk.")
                        .toBuilder()
                        .required(true)
                        .build());
        spec.addOption(Syntax.flag("--force", "Overwrite images that are there."));
        return Syntax.examples(
                spec,
                List.of(
                        "holdfast instances export i-0123456789abcdef0 --format qcow2 --to /var/lib/libvirt/images/web-1"));
    }

    private static ExitStatus export(Session session) throws IOException, InterruptedException {
        var arguments = session.arguments();
        var format = arguments.text("--format").orElse("").toLowerCase(Locale.ROOT);
        if (!FORMATS.contains(format)) {
            throw new UsageException("--format is raw or qcow2, not '" + format + "'");
        }
        var folder = Path.of(arguments.text("--to").orElse(""));
        if (!Files.isDirectory(folder)) {
            throw new UsageException("--to is a folder that is there; " + folder + " is none");
        }
        var id = InstancesCommand.id(session);
        var answer =
                session.api()
                        .post(
                                ApiClient.path("instances", id, "exports"),
                                ApiClient.JSON.createObjectNode());
        var served = new ArrayList<ServedExport>();
        try {
            answer.list("exports").forEach(one -> served.add(new ServedExport(session.api(), one)));
            copy(session, served, format, folder);
        } finally {
            served.forEach(ServedExport::close);
        }
        return ExitStatus.OK;
    }

    private static void copy(Session session, List<ServedExport> served, String format, Path folder)
            throws IOException, InterruptedException {
        var images = new ArrayList<Path>();
        for (var one : served) {
            var image = folder.resolve(fileName(one.answer().text("disk")) + "." + format);
            if (images.contains(image)) {
                throw new UsageException(
                        image
                                + " would be the image of two disks: export them with holdfast export");
            }
            ImageCopy.checkTarget(image, format, session.arguments().flag("--force"));
            images.add(image);
        }
        var written = ApiClient.JSON.createArrayNode();
        for (var i = 0; i < images.size(); i++) {
            var image = images.get(i);
            var bar = new ProgressBar(session.terminal(), String.valueOf(image.getFileName()));
            new ImageCopy(session.context().processes(), served.get(i).uri(), format, image)
                    .run(bar::at);
            tell(session, served.get(i).answer(), image, written);
        }
        if (session.json()) {
            var json = ApiClient.JSON.createObjectNode();
            json.set("images", written);
            session.print(new Answer(json));
        }
    }

    private static void tell(Session session, Answer export, Path image, ArrayNode written) {
        written.addObject()
                .put("disk", export.text("disk"))
                .put("path", image.toAbsolutePath().toString())
                .set("point", export.child("point").json());
        if (!session.json()) {
            session.terminal()
                    .result(
                            String.format(
                                    Locale.ROOT,
                                    "%s of %s written to %s",
                                    export.text("disk"),
                                    session.pointShown(export.child("point")),
                                    image));
        }
    }

    /// `/dev/disk/by-id/ata-X` becomes `disk-by-id-ata-X`.
    private static String fileName(String disk) {
        return disk.replaceFirst("^/dev/", "")
                .replaceAll("[^A-Za-z0-9._-]+", "-")
                .replaceFirst("^[-.]+", "");
    }
}
