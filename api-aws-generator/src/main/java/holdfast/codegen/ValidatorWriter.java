package holdfast.codegen;

import java.util.Locale;
import java.util.regex.Pattern;

/// One method for each shape that a request can hold and that has constraints.
record ValidatorWriter(Model model, Types types) {
    String validators() {
        var code = new Code();
        code.line("final class Validators {");
        code.line("  private Validators() {}");
        for (var shape : model.shapes().keySet()) {
            if (model.inputs().contains(shape) && model.constrained(shape)) {
                validator(code, shape);
            }
        }
        return code.line("}").toString();
    }

    private void validator(Code code, String shape) {
        var pattern = model.shape(shape).path("pattern");
        if (!pattern.isMissingNode()) {
            var translated = Patterns.translated(pattern.asString());
            Pattern.compile(translated); // fails the build, and not a request
            code.line(
                    "  private static final java.util.regex.Pattern PATTERN_%s = java.util.regex.Pattern.compile(%s);",
                    shape, Types.literal(translated));
        }
        code.line(
                "  static void %s(Violations violations, MemberPath path, %s value) {",
                shape, types.nullable(shape));
        code.line("    if (value == null) return;");
        switch (model.type(shape)) {
            case "string" -> string(code, shape);
            case "integer", "long" -> range(code, shape, "Long", "L");
            case "double", "float" -> range(code, shape, "Double", "d");
            case "list" -> list(code, shape);
            case "map" -> map(code, shape);
            case "structure" -> structure(code, shape);
            default -> {}
        }
        code.line("  }");
    }

    private String bound(String shape, String which, String otherwise, String suffix) {
        var bound = model.shape(shape).path(which);
        return bound.isMissingNode() ? otherwise : bound.asString() + suffix;
    }

    private boolean bounded(String shape) {
        return model.shape(shape).has("min") || model.shape(shape).has("max");
    }

    /// Length first: a pattern is not tried on what is too long for it.
    private void string(Code code, String shape) {
        if (model.isEnum(shape)) {
            return;
        }
        if (bounded(shape)) {
            code.line(
                    "    if (!violations.length(path, value, %s, %s)) return;",
                    bound(shape, "min", "0", ""), bound(shape, "max", "Integer.MAX_VALUE", ""));
        }
        if (model.shape(shape).has("pattern")) {
            code.line(
                    "    violations.pattern(path, value, PATTERN_%s, %s);",
                    shape, Types.literal(model.shape(shape).path("pattern").asString()));
        }
    }

    private void range(Code code, String shape, String type, String suffix) {
        if (bounded(shape)) {
            var least = type.equals("Long") ? "Long.MIN_VALUE" : "Double.NEGATIVE_INFINITY";
            var most = type.equals("Long") ? "Long.MAX_VALUE" : "Double.POSITIVE_INFINITY";
            code.line(
                    "    violations.range(path, value, %s, %s);",
                    bound(shape, "min", least, suffix), bound(shape, "max", most, suffix));
        }
    }

    private void size(Code code, String shape) {
        if (bounded(shape)) {
            code.line(
                    "    violations.size(path, value.size(), %s, %s);",
                    bound(shape, "min", "0", ""), bound(shape, "max", "Integer.MAX_VALUE", ""));
        }
    }

    private void list(Code code, String shape) {
        size(code, shape);
        var element = model.part(shape, "member");
        if (model.constrained(element)) {
            code.line(
                    "    for (int i = 0; i < value.size(); i++) %s(violations, path.index(i), value.get(i));",
                    element);
        }
    }

    private void map(Code code, String shape) {
        size(code, shape);
        var key = model.part(shape, "key");
        var value = model.part(shape, "value");
        if (model.constrained(key)) {
            code.line("    for (var key : value.keySet()) %s(violations, path.key(), key);", key);
        }
        if (model.constrained(value)) {
            code.line(
                    "    for (var entry : value.entrySet()) %s(violations, path.entry(entry.getKey().toString()), entry.getValue());",
                    value);
        }
    }

    private void structure(Code code, String shape) {
        if (model.is(shape, "union")) {
            code.line("    switch (value) {");
            for (var member : model.members(shape)) {
                var call =
                        model.constrained(member.shape())
                                ? String.format(
                                        Locale.ROOT,
                                        "%s(violations, path.field(%s), one.value());",
                                        member.shape(),
                                        Types.literal(member.name()))
                                : "{}";
                code.line(
                        "      case %s.%s one -> %s", shape, StructureWriter.variant(member), call);
            }
            code.line("    }");
            return;
        }
        for (var member : model.members(shape)) {
            var name = Types.literal(member.name());
            if (member.required()) {
                code.line(
                        "    violations.required(path, %s, value.%s());", name, member.variable());
            }
            if (model.constrained(member.shape())) {
                code.line(
                        "    %s(violations, path.field(%s), value.%s());",
                        member.shape(), name, member.variable());
            }
        }
    }
}
