package holdfast.codegen;

import java.util.ArrayList;

/// The interface of a service, whose operations are not available until they are overridden, and
/// the table from which requests are routed.
record OperationWriter(Model model, Types types, String prefix) {
    String service() {
        var code = new Code();
        code.line("public interface %sService {", prefix);
        for (var entry : model.operations().entrySet()) {
            var output = entry.getValue().path("output").path("shape");
            code.line(
                    "  default %s %s(RequestContext context, %s request) throws java.io.IOException { throw new NotAvailableException(%s); }",
                    output.isMissingNode() ? "void" : types.name(output.asString()),
                    Model.variable(entry.getKey()),
                    types.name(entry.getValue().path("input").path("shape").asString()),
                    Types.literal(entry.getKey()));
        }
        return code.line("}").toString();
    }

    String table() {
        var rows = new ArrayList<String>();
        for (var entry : model.operations().entrySet()) {
            rows.add(row(entry.getKey(), entry.getValue()));
        }
        return new Code()
                .line("public final class %sOperations {", prefix)
                .line(
                        "  public static final java.lang.String SIGNING_NAME = %s;",
                        Types.literal(model.signingName()))
                .line("  private %sOperations() {}", prefix)
                .line(
                        "  public static java.util.List<Operation<?>> of(%sService service) {",
                        prefix)
                .line("    return java.util.List.of(")
                .line("%s);", String.join(",\n", rows))
                .line("  }")
                .line("}")
                .toString();
    }

    private String row(String name, tools.jackson.databind.JsonNode operation) {
        var input = operation.path("input").path("shape").asString();
        var http = operation.path("http");
        var call = "service." + Model.variable(name) + "(context, request)";
        var errors = new ArrayList<String>();
        operation
                .path("errors")
                .forEach(error -> errors.add(Types.literal(error.path("shape").asString())));
        return String.format(
                java.util.Locale.ROOT,
                "      new Operation<%s>(%s, %s, %s, %d, java.util.Set.of(%s), %s::readRequest, %s, (context, request) -> %s)",
                input,
                Types.literal(name),
                Types.literal(http.path("method").asString()),
                Types.literal(http.path("requestUri").asString()),
                http.path("responseCode").asInt(200),
                String.join(", ", errors),
                input,
                model.constrained(input)
                        ? "Validators::" + input
                        : "(violations, path, value) -> {}",
                operation.has("output") ? call : "{ " + call + "; return null; }");
    }
}
