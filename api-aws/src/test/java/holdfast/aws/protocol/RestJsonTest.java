package holdfast.aws.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.aws.drs.model.DescribeJobsRequest;
import holdfast.aws.drs.model.DrsOperations;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.drs.model.StartRecoveryRequest;
import holdfast.aws.drs.model.TerminateRecoveryInstancesRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

/// What is made of a model: reading, checking, routing.
class RestJsonTest {
    private static final Router ROUTER = new Router(DrsOperations.of(new DrsService() {}));

    private static RequestInput input(String body, Violations violations) {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        return new RequestInput(
                new AwsRequest("POST", "/", "", Map.of(), bytes), Map.of(), violations);
    }

    @SuppressWarnings("unchecked")
    private static <I> List<String> violated(String operation, I request, Violations violations) {
        var found = ROUTER.match("POST", "/" + operation).orElseThrow().operation();
        ((Operation<I>) found).validator().validate(violations, MemberPath.ROOT, request);
        return violations.found().stream().map(Violations.Violation::member).toList();
    }

    private static List<String> recovery(String body) {
        var violations = new Violations();
        var in = input(body, violations);
        var request = StartRecoveryRequest.readRequest(in);
        in.end();
        return violated("StartRecovery", request, violations);
    }

    @Test
    void everyConstraintIsCheckedAndItsMemberNamed() {
        var good = "{\"sourceServerID\":\"s-0123456789abcdef0\"}";
        assertThat(recovery("{\"sourceServers\":[" + good + "],\"other\":{\"a\":[1]}}")).isEmpty();
        assertThat(recovery("{}")).containsExactly("sourceServers");
        assertThat(recovery("{\"sourceServers\":[]}")).containsExactly("sourceServers");
        assertThat(recovery("{\"sourceServers\":[" + (good + ",").repeat(200) + good + "]}"))
                .containsExactly("sourceServers");
        assertThat(
                        recovery(
                                "{\"sourceServers\":["
                                        + good
                                        + ",{\"sourceServerID\":\"s-0123456789abcdef\\n0\"}]}"))
                .containsExactly("sourceServers.2.member.sourceServerID");
        assertThat(recovery("{\"sourceServers\":[{}]}"))
                .containsExactly("sourceServers.1.member.sourceServerID");
        var longTag = "x".repeat(257);
        assertThat(
                        recovery(
                                "{\"sourceServers\":["
                                        + good
                                        + "],\"tags\":{\"a\":\""
                                        + longTag
                                        + "\"}}"))
                .containsExactly("tags.a.member");
    }

    /// `$` of the model's pattern is the end, and not before a last line feed.
    @Test
    void aLineFeedAtTheEndIsNoEnd() {
        var violations = new Violations();
        var in = input("{\"recoveryInstanceIDs\":[\"i-0123456789\\n\"]}", violations);
        var request = TerminateRecoveryInstancesRequest.readRequest(in);
        assertThat(violated("TerminateRecoveryInstances", request, violations))
                .containsExactly("recoveryInstanceIDs.1.member");
    }

    @Test
    void noTypeIsTakenForAnother() {
        for (var body :
                List.of(
                        "[]",
                        "{\"maxResults\":\"5\"}",
                        "{\"maxResults\":1.5}",
                        "{\"maxResults\":99999999999}",
                        "{\"filters\":[]}",
                        "{\"filters\":{\"jobIDs\":[null]}}",
                        "{} {}")) {
            assertThatThrownBy(
                            () -> {
                                var in = input(body, new Violations());
                                DescribeJobsRequest.readRequest(in);
                                in.end();
                            })
                    .as(body)
                    .isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void whatIsTooDeepOrCutOffIsNoRequest() {
        var deep = "{\"x\":" + "[".repeat(1000) + "]".repeat(1000) + "}";
        for (var body : List.of(deep, "{", "{\"filters\":{", "{\"filters\":{\"jobIDs\":[")) {
            assertThatThrownBy(() -> DescribeJobsRequest.readRequest(input(body, new Violations())))
                    .as(body)
                    .isInstanceOfAny(JacksonException.class, ProtocolException.class);
        }
    }

    @Test
    void anEncodedSlashStaysInItsLabelAndATrailingOneIsIgnored() {
        var match = ROUTER.match("GET", "/tags/arn%3Aaws%2Fx/").orElseThrow();
        assertThat(match.operation().name()).isEqualTo("ListTagsForResource");
        assertThat(match.labels()).isEqualTo(Map.of("resourceArn", "arn:aws/x"));
        assertThat(ROUTER.match("DELETE", "/tags/x").orElseThrow().operation().name())
                .isEqualTo("UntagResource");
        assertThat(ROUTER.match("GET", "/DescribeJobs")).isEmpty();
        assertThat(ROUTER.match("POST", "/tags/a/b")).isEmpty();
    }

    @Test
    void whatIsNotAvailableSaysSo() {
        for (var operation : DrsOperations.of(new DrsService() {})) {
            assertThatThrownBy(() ->
                            operation.handler().handle(new RequestContext("", "", "", ""), null))
                    .isInstanceOfSatisfying(
                            NotAvailableException.class,
                            e -> assertThat(e.status()).isEqualTo(501));
        }
    }
}
