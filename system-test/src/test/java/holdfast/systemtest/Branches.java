package holdfast.systemtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// The branches of an installation's recovery instances, over NBD as their machines see them.
///
/// @param lab that the instances live in
record Branches(Lab lab) {
    /// Sizes in bytes of all there are, by name.
    Map<String, Long> sizes() throws IOException, InterruptedException {
        var listed =
                new JsonMapper()
                        .readTree(lab.commands.output("nbdinfo", "--list", "--json", uri("")));
        var sizes = new HashMap<String, Long>();
        for (var export : listed.required("exports")) {
            sizes.put(
                    export.required("export-name").asString(),
                    export.required("export-size").asLong());
        }
        return sizes;
    }

    String uri(String name) {
        return "nbd+unix:///" + name + "?socket=" + lab.installation.data().resolve("nbd.sock");
    }

    /// What one holds.
    byte[] content(String uri) throws IOException, InterruptedException {
        Path copy = lab.directory.resolve("branch.raw");
        lab.commands.output("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy.toString());
        return Files.readAllBytes(copy);
    }
}
