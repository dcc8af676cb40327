package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The bill of materials that vulnerability scanners read tells the truth about what is shipped.
class SbomTest {
    private static final Path BUILD = Checkout.root().resolve("cli/target");
    private static final Path SBOM = BUILD.resolve("sbom.json");

    /// May be used, changed and passed on, also with what is closed. Bouncy Castle's is MIT's text.
    private static final Set<String> PERMISSIVE =
            Set.of("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "Bouncy Castle Licence");

    @BeforeEach
    void built() {
        assumeThat(SBOM).as("made by a build with checks, as ./run-tests does").exists();
    }

    @Test
    void itListsEachLibraryThatIsShippedByItsDigest() throws Exception {
        var listed = new TreeMap<String, String>();
        for (var component : components()) {
            listed.put(fileName(component), sha256(component));
        }
        assertThat(listed).isEqualTo(shipped());
    }

    @Test
    void everyLicenceIsPermissive() throws IOException {
        for (var component : components()) {
            var licences = licences(component);
            assertThat(licences).as(fileName(component)).isNotEmpty();
            assertThat(PERMISSIVE).as(fileName(component)).containsAll(licences);
        }
    }

    private static JsonNode components() throws IOException {
        return new JsonMapper().readTree(Files.readString(SBOM)).required("components");
    }

    private static String fileName(JsonNode component) {
        return component.required("name").asString()
                + "-"
                + component.required("version").asString()
                + ".jar";
    }

    private static String sha256(JsonNode component) {
        for (var hash : component.required("hashes")) {
            if (hash.required("alg").asString().equals("SHA-256")) {
                return hash.required("content").asString();
            }
        }
        return "none";
    }

    private static Set<String> licences(JsonNode component) {
        var found = new TreeSet<String>();
        for (var choice : component.path("licenses")) {
            var licence = choice.path("license");
            found.add(
                    choice.hasNonNull("expression")
                            ? choice.required("expression").asString()
                            : licence.path("id").asString(licence.path("name").asString("none")));
        }
        return found;
    }

    private static Map<String, String> shipped() throws Exception {
        var digests = new TreeMap<String, String>();
        try (var libraries = Files.list(BUILD.resolve("lib"))) {
            for (var library : libraries.toList()) {
                var digest =
                        MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(library));
                digests.put(library.getFileName().toString(), HexFormat.of().formatHex(digest));
            }
        }
        return digests;
    }
}
