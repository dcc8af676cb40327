package holdfast.aws.drs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import holdfast.aws.drs.model.DrsOperations;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.NotAvailableException;
import holdfast.aws.protocol.Operation;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.RestJsonEndpoint;
import holdfast.aws.protocol.ServiceException;
import holdfast.aws.protocol.StructureText;
import holdfast.aws.protocol.Violations;
import holdfast.base.RefusalException;
import holdfast.control.Role;
import holdfast.control.Signer;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Every constraint of AWS's model, violated once.
class ViolationsTest {
    private static final RequestContext CONTEXT =
            new RequestContext("id", "eu-central-1", "123456789012", "AKIA");
    private static final Signer ANYTHING =
            new Signer("AKIA", "secret", "123456789012", "admin", Role.ADMIN, Optional.empty());

    private static final RestJsonEndpoint.Rules RULES =
            new RestJsonEndpoint.Rules() {
                @Override
                public void requireReady(Operation<?> operation) {}

                @Override
                public ServiceException invalid(Violations violations) {
                    return DrsRules.violated(violations);
                }

                @Override
                public ServiceException denied(String message) {
                    throw new AssertionError(message);
                }

                @Override
                public ServiceException internal(String message) {
                    throw new AssertionError(message);
                }

                @Override
                public ServiceException refused(Operation<?> operation, RefusalException refusal) {
                    throw new AssertionError(refusal);
                }
            };

    private static final RestJsonEndpoint ENDPOINT =
            new RestJsonEndpoint("drs", DrsOperations.of(new DrsService() {}), RULES);

    static Stream<String> operations() throws IOException {
        return ModelRequests.read().valid().keySet().stream();
    }

    /// So that a violating request is refused for its violation and nothing else: this one reaches
    /// the operation, which is not there.
    @ParameterizedTest
    @MethodSource("operations")
    void whatKeepsEveryConstraintReachesItsOperation(String operation) throws IOException {
        var request = ModelRequests.read().valid().get(operation);
        assertThat(catchThrowable(() -> ENDPOINT.handle(http(request), CONTEXT, ANYTHING)))
                .isInstanceOf(NotAvailableException.class)
                .hasMessageContaining(operation);
    }

    static List<ModelRequests.Violating> violating() throws IOException {
        var all = ModelRequests.read().violating();
        assertThat(all).hasSizeGreaterThan(200);
        return all;
    }

    @ParameterizedTest
    @MethodSource("violating")
    void whatViolatesOneIsInvalidAndItsMemberIsNamed(ModelRequests.Violating violating) {
        var thrown =
                catchThrowable(() -> ENDPOINT.handle(http(violating.request()), CONTEXT, ANYTHING));
        assertThat(thrown).isInstanceOf(ServiceException.class);
        var error = (ServiceException) thrown;
        var answer = ENDPOINT.error("id", error);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.headers()).containsEntry("x-amzn-ErrorType", "ValidationException");
        var body = JsonMapper.shared().readTree(StructureText.of(error));
        assertThat(body.path("fieldList"))
                .as("%s", body)
                .extracting(field -> field.path("name").asString())
                .containsExactly(violating.member());
        assertThat(body.path("message").asString()).isNotBlank();
    }

    /// Members of the path and the query go there, the others into the body.
    private static AwsRequest http(ModelRequests.Body request) throws IOException {
        var http = request.operation().required("http");
        var path = http.required("requestUri").asString();
        var query = new ArrayList<String>();
        var body = request.body().deepCopy();
        for (var member : ModelRequests.read().members(request)) {
            var value = body.get(member.name());
            switch (member.location()) {
                case "uri" -> {
                    body.remove(member.name());
                    path = path.replace("{" + member.wire() + "}", encoded(value.asString()));
                }
                case "querystring" -> {
                    body.remove(member.name());
                    add(query, member.wire(), value);
                }
                default -> {}
            }
        }
        return new AwsRequest(
                http.required("method").asString(),
                path,
                String.join("&", query),
                Map.of(),
                bytes(body));
    }

    private static void add(List<String> query, String name, JsonNode value) {
        if (value.isArray()) {
            value.forEach(one -> add(query, name, one));
        } else if (!value.isNull()) {
            query.add(name + "=" + encoded(value.asString()));
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static byte[] bytes(ObjectNode body) {
        return body.isEmpty() ? new byte[0] : body.toString().getBytes(StandardCharsets.UTF_8);
    }
}
