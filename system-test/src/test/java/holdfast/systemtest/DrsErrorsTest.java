package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.aws.drs.model.DrsOperations;
import holdfast.aws.drs.model.DrsService;
import holdfast.demo.AwsApi;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/// Each error that the model documents for an operation, provoked, and received by the SDK for Java
/// and by boto3 as the exception of its type, with a message. Operations that neither has are
/// called by signed HTTP.
///
/// `drs_errors.json` is the table: a request for each operation about things that there are not,
/// which does for the errors that all have; one that breaks a constraint, where the emptied first
/// text of that request would not; rows for the other errors; and which never come, and why. An
/// operation or an error of the model without an entry fails the test.
class DrsErrorsTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Map<String, Set<String>> DOCUMENTED = documented();

    private final JsonNode table = read();

    private static Map<String, Set<String>> documented() {
        var documented = new TreeMap<String, Set<String>>();
        DrsOperations.of(new DrsService() {})
                .forEach(operation -> documented.put(operation.name(), operation.errors()));
        return documented;
    }

    private static JsonNode read() {
        try (var in = DrsErrorsTest.class.getResourceAsStream("drs_errors.json")) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A documented error of an operation.
    private record Error(String operation, String type) {}

    @Test
    void everyDocumentedErrorArrivesByItsTypeWithAMessage() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "makes networks");
        var open = expected();
        try (var lab = Lab.open("errors")) {
            // the silent machine's job must still be under way when it is asked for
            var patience = "boot-timeout=1h\n";
            var settings = lab.installation.data().resolve("holdfast.properties");
            Files.createDirectories(settings.getParent());
            Files.writeString(settings, patience);
            var server = lab.installation.startServer();
            var clients = new DrsFixture(lab, lab.directory);
            try (var callers = new DrsErrorCallers(clients)) {
                var scene = new DrsErrorsScene(lab, callers);
                var run = new Run(open, callers, scene);
                run.provoke("UninitializedAccountException", callers.admin(), false);
                scene.initialize();
                scene.prepare(
                        table.required("requests")
                                .required("CreateReplicationConfigurationTemplate"));
                run.provoke("AccessDeniedException", callers.powerless(), false);
                run.provoke("ValidationException", callers.admin(), false);
                run.provoke("ResourceNotFoundException", callers.admin(), false);
                run.provoke("ThrottlingException", callers.admin(), true);
                run.rows("rows");
                server.destroyForcibly().waitFor();
                Files.writeString(
                        settings,
                        patience
                                + "quota-source-servers=0\nquota-jobs=0\nquota-source-networks=0\n");
                lab.installation.startServer();
                run.rows("rowsWithQuotas");
                scene.leaveNetworks();
                try (var database =
                        new RandomAccessFile(
                                lab.installation.data().resolve("control.db").toFile(), "rw")) {
                    database.write(new byte[4096]);
                }
                run.provoke("InternalServerException", callers.admin(), false);
                assertThat(callers.botoCalls()).isGreaterThan(100);
            }
        }
        assertThat(open).as("documented errors without an entry in drs_errors.json").isEmpty();
    }

    /// All that are documented and can come.
    private Set<Error> expected() {
        var expected = new LinkedHashSet<Error>();
        DOCUMENTED.forEach((operation, errors) -> {
            assertThat(table.required("requests").has(operation)).as(operation).isTrue();
            errors.forEach(error -> expected.add(new Error(operation, error)));
        });
        for (var rule : table.required("never")) {
            var operations = Pattern.compile(rule.required("operations").asString());
            var type = rule.required("error").asString();
            assertThat(rule.required("why").asString()).isNotBlank();
            var found =
                    expected.removeIf(error ->
                            error.type().equals(type)
                                    && operations.matcher(error.operation()).matches());
            assertThat(found).as("%s matches something", rule).isTrue();
        }
        return expected;
    }

    /// A run through the table.
    ///
    /// @param open what is still to be provoked
    private final class Run {
        private final Set<Error> open;
        private final DrsErrorCallers callers;
        private final DrsErrorsScene scene;

        Run(Set<Error> open, DrsErrorCallers callers, DrsErrorsScene scene) {
            this.open = open;
            this.callers = callers;
            this.scene = scene;
        }

        /// Provokes an error that comes the same way from all operations that have it.
        void provoke(String type, AwsApi.Key key, boolean twice) throws Exception {
            for (var error : List.copyOf(open)) {
                if (error.type().equals(type)) {
                    open.remove(error);
                    var request = table.required("requests").required(error.operation());
                    var broken = twice || type.equals("ValidationException");
                    callers.expect(
                            error.operation(),
                            type,
                            scene.filled(broken ? broken(error.operation(), request) : request),
                            key,
                            twice);
                }
            }
        }

        void rows(String name) throws Exception {
            for (var row : table.required(name)) {
                var error =
                        new Error(
                                row.required("operation").asString(),
                                row.required("error").asString());
                assertThat(open.remove(error)).as("documented: %s", error).isTrue();
                callers.expect(
                        error.operation(),
                        error.type(),
                        scene.filled(row.required("request")),
                        callers.admin(),
                        false);
            }
        }
    }

    private JsonNode broken(String operation, JsonNode request) {
        var given = table.required("invalid").get(operation);
        var copy = given == null ? request.deepCopy() : given;
        if (given == null) {
            emptyFirstText(copy);
        }
        return copy;
    }

    private static boolean emptyFirstText(JsonNode json) {
        return switch (json) {
            case ObjectNode object -> {
                for (var name : List.copyOf(object.propertyNames())) {
                    if (object.get(name).isString()) {
                        object.put(name, "");
                        yield true;
                    }
                    if (emptyFirstText(object.get(name))) {
                        yield true;
                    }
                }
                yield false;
            }
            case ArrayNode array -> {
                if (!array.isEmpty() && array.get(0).isString()) {
                    array.set(0, StringNode.valueOf(""));
                    yield true;
                }
                yield !array.isEmpty() && emptyFirstText(array.get(0));
            }
            default -> false;
        };
    }
}
