package holdfast.codegen;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// What a shape is in Java, and the expressions that read and write it as JSON.
record Types(Model model) {
    String name(String shape) {
        return switch (model.type(shape)) {
            case "structure" -> shape;
            case "string" -> model.isEnum(shape) ? shape : "java.lang.String";
            case "integer" -> "java.lang.Integer";
            case "long" -> "java.lang.Long";
            case "boolean" -> "java.lang.Boolean";
            case "double" -> "java.lang.Double";
            case "float" -> "java.lang.Float";
            case "timestamp" -> "java.time.Instant";
            case "list" -> "java.util.List<" + name(model.part(shape, "member")) + ">";
            case "map" ->
                    "java.util.Map<"
                            + name(model.part(shape, "key"))
                            + ", "
                            + name(model.part(shape, "value"))
                            + ">";
            default -> throw unknown(shape);
        };
    }

    /// Optional members may be null; the annotation stands before the simple name.
    String nullable(String shape) {
        var name = name(shape);
        var generic = name.indexOf('<');
        var dot = name.lastIndexOf('.', generic < 0 ? name.length() : generic);
        return name.substring(0, dot + 1) + "@Nullable " + name.substring(dot + 1);
    }

    /// Of type `JsonInput.Reader<T>`.
    String reader(String shape, JsonNode reference) {
        return reader(shape, reference, 0);
    }

    /// @param depth of nested lambdas, whose parameters need different names
    private String reader(String shape, JsonNode reference, int depth) {
        var in = "in" + depth;
        return switch (model.type(shape)) {
            case "structure" -> shape + "::read";
            case "string" ->
                    model.isEnum(shape)
                            ? lambda(in, in + ".enumeration(" + shape + "::of, " + shape + ".WIRE)")
                            : "JsonInput::string";
            case "integer" -> "JsonInput::integer";
            case "long" -> "JsonInput::longInteger";
            case "boolean" -> "JsonInput::bool";
            case "double" -> "JsonInput::doubleFloat";
            case "float" -> "JsonInput::singleFloat";
            case "timestamp" ->
                    lambda(in, in + ".timestamp(Timestamps." + format(shape, reference) + ")");
            case "list" -> lambda(in, in + ".list(" + partReader(shape, "member", depth + 1) + ")");
            case "map" ->
                    lambda(
                            in,
                            String.format(
                                    Locale.ROOT,
                                    "%s.map(%s, %s)",
                                    in,
                                    model.isEnum(model.part(shape, "key"))
                                            ? model.part(shape, "key") + "::of"
                                            : "key" + depth + " -> key" + depth,
                                    partReader(shape, "value", depth + 1)));
            default -> throw unknown(shape);
        };
    }

    private String partReader(String shape, String part, int depth) {
        return reader(model.part(shape, part), model.shape(shape).path(part), depth);
    }

    private static String lambda(String parameter, String body) {
        return parameter + " -> " + body;
    }

    /// Of type `JsonOutput.Writer<T>`.
    String writer(String shape, JsonNode reference) {
        return writer(shape, reference, 0);
    }

    private String writer(String shape, JsonNode reference, int depth) {
        var out = "out" + depth;
        var value = "value" + depth;
        var start = "(" + out + ", " + value + ") -> ";
        return switch (model.type(shape)) {
            case "structure" -> start + value + ".write(" + out + ")";
            case "string" ->
                    model.isEnum(shape)
                            ? start + out + ".word(" + value + ".wire())"
                            : "JsonOutput::string";
            case "integer" -> "JsonOutput::integer";
            case "long" -> "JsonOutput::longInteger";
            case "boolean" -> "JsonOutput::bool";
            case "double" -> "JsonOutput::doubleFloat";
            case "float" -> "JsonOutput::singleFloat";
            case "timestamp" ->
                    String.format(
                            Locale.ROOT,
                            "%s%s.timestamp(%s, Timestamps.%s)",
                            start,
                            out,
                            value,
                            format(shape, reference));
            case "list" ->
                    String.format(
                            Locale.ROOT,
                            "%s%s.list(%s, %s)",
                            start,
                            out,
                            value,
                            partWriter(shape, "member", depth + 1));
            case "map" ->
                    String.format(
                            Locale.ROOT,
                            "%s%s.map(%s, key%d -> key%d%s, %s)",
                            start,
                            out,
                            value,
                            depth,
                            depth,
                            model.isEnum(model.part(shape, "key")) ? ".wire()" : "",
                            partWriter(shape, "value", depth + 1));
            default -> throw unknown(shape);
        };
    }

    private String partWriter(String shape, String part, int depth) {
        return writer(model.part(shape, part), model.shape(shape).path(part), depth);
    }

    private String format(String shape, JsonNode reference) {
        var given =
                reference.has("timestampFormat")
                        ? reference.path("timestampFormat").asString()
                        : model.shape(shape).path("timestampFormat").asString("unixTimestamp");
        return switch (given) {
            case "iso8601" -> "DATE_TIME";
            case "rfc822" -> "HTTP_DATE";
            case "unixTimestamp" -> "EPOCH_SECONDS";
            default -> throw new IllegalArgumentException(shape + " as " + given);
        };
    }

    private IllegalArgumentException unknown(String shape) {
        return new IllegalArgumentException(shape + " is a " + model.type(shape));
    }

    /// A Java string literal.
    static String literal(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
