package holdfast.codegen;

import holdfast.codegen.Model.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// Records with builders, and sealed interfaces for unions.
record StructureWriter(Model model, Types types) {
    String record(String shape) {
        var members = model.members(shape);
        var code = new Code();
        code.line(
                "public record %s(%s) implements Structure {",
                shape,
                members.stream()
                        .map(m -> declared(m) + " " + m.variable())
                        .collect(Collectors.joining(", ")));
        copies(code, shape, members);
        hidden(code, shape, members);
        read(code, shape, members);
        write(code, members);
        builder(code, shape, members);
        return code.line("}").toString();
    }

    /// What the model requires was validated before it is read, and is set by whoever builds it.
    private String declared(Member member) {
        return member.required() ? types.name(member.shape()) : types.nullable(member.shape());
    }

    private void copies(Code code, String shape, List<Member> members) {
        code.line("  public %s {", shape);
        for (var member : members) {
            var v = member.variable();
            switch (model.type(member.shape())) {
                case "list" ->
                        code.line("    if (%s != null) %s = java.util.List.copyOf(%s);", v, v, v);
                case "map" ->
                        code.line(
                                "    if (%s != null) %s = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(%s));",
                                v, v, v);
                default -> {}
            }
        }
        code.line("  }");
    }

    /// What the model calls sensitive does not reach a log.
    private void hidden(Code code, String shape, List<Member> members) {
        if (members.stream().noneMatch(m -> model.is(m.shape(), "sensitive"))) {
            return;
        }
        var parts = new ArrayList<String>();
        for (var member : members) {
            var value = model.is(member.shape(), "sensitive") ? "\"***\"" : member.variable();
            parts.add(Types.literal(member.variable() + "=") + " + " + value);
        }
        code.line(
                "  @Override public java.lang.String toString() { return \"%s[\" + %s + \"]\"; }",
                shape, String.join(" + \", \" + ", parts));
    }

    private void read(Code code, String shape, List<Member> members) {
        code.line("  public static %s read(JsonInput in) { return readBody(in).build(); }", shape);
        code.line("  private static Builder readBody(JsonInput in) {");
        code.line("    var builder_ = new Builder();");
        code.line("    in.beginObject();");
        code.line(
                "    for (java.lang.String field_; (field_ = in.nextField()) != null; ) switch (field_) {");
        for (var member : members) {
            if (member.location() == null) {
                code.line(
                        "      case %s -> builder_.%s = in.value(%s);",
                        Types.literal(member.wire()),
                        member.variable(),
                        types.reader(member.shape(), member.reference()));
            }
        }
        code.line("      default -> in.skip();");
        code.line("    }");
        code.line("    return builder_;");
        code.line("  }");
        if (model.inputs().contains(shape)) {
            code.line("  public static %s readRequest(RequestInput in) {", shape);
            code.line("    var builder_ = in.hasBody() ? readBody(in.json()) : new Builder();");
            for (var member : members) {
                if (member.location() != null) {
                    code.line("    builder_.%s = %s;", member.variable(), outsideBody(member));
                }
            }
            code.line("    return builder_.build();");
            code.line("  }");
        }
    }

    private String outsideBody(Member member) {
        var wire = Types.literal(member.wire());
        var type = model.type(member.shape());
        var source =
                switch (String.valueOf(member.location())) {
                    case "uri" -> "in.label(" + wire + ")";
                    case "querystring" ->
                            (type.equals("list") ? "in.queries(" : "in.query(") + wire + ")";
                    case "header" -> "in.header(" + wire + ")";
                    default -> throw new IllegalArgumentException(member.toString());
                };
        return switch (type) {
            case "string", "list" -> {
                var element =
                        type.equals("list") ? model.part(member.shape(), "member") : member.shape();
                if (!model.type(element).equals("string") || model.isEnum(element)) {
                    throw new IllegalArgumentException("not text outside the body: " + member);
                }
                yield source;
            }
            case "integer" -> "RequestInput.integer(" + source + ")";
            case "long" -> "RequestInput.longInteger(" + source + ")";
            case "boolean" -> "RequestInput.bool(" + source + ")";
            default -> throw new IllegalArgumentException(member.toString());
        };
    }

    private void write(Code code, List<Member> members) {
        code.line("  @Override public void write(JsonOutput out) {");
        code.line("    out.beginObject();");
        for (var member : members) {
            if (member.location() == null) {
                code.line(
                        "    out.field(%s, %s, %s);",
                        Types.literal(member.wire()),
                        member.variable(),
                        types.writer(member.shape(), member.reference()));
            }
        }
        code.line("    out.endObject();");
        code.line("  }");
    }

    private void builder(Code code, String shape, List<Member> members) {
        code.line("  public static Builder builder() { return new Builder(); }");
        code.line("  public static final class Builder {");
        for (var member : members) {
            code.line("    private %s %s;", types.nullable(member.shape()), member.variable());
        }
        for (var member : members) {
            var v = member.variable();
            code.line(
                    "    public Builder %s(%s value_) { this.%s = value_; return this; }",
                    v, types.nullable(member.shape()), v);
        }
        code.line(
                "    public %s build() { return new %s(%s); }",
                shape,
                shape,
                members.stream().map(Member::variable).collect(Collectors.joining(", ")));
        code.line("  }");
    }

    /// Exactly one of the members is there, so each is a record of its own.
    String union(String shape) {
        var code = new Code();
        code.line("public sealed interface %s extends Structure {", shape);
        for (var member : model.members(shape)) {
            code.line(
                    "  record %s(%s value) implements %s {",
                    variant(member), types.name(member.shape()), shape);
            code.line("    @Override public void write(JsonOutput out) {");
            code.line("      out.beginObject();");
            code.line(
                    "      out.field(%s, value, %s);",
                    Types.literal(member.wire()), types.writer(member.shape(), member.reference()));
            code.line("      out.endObject();");
            code.line("    }");
            code.line("  }");
        }
        code.line("  static %s read(JsonInput in) {", shape);
        code.line("    %s found_ = null;", shape);
        code.line("    in.beginObject();");
        code.line("    for (java.lang.String field_; (field_ = in.nextField()) != null; ) {");
        code.line(
                "      if (found_ != null) throw in.error(\"%s has more than one member\");",
                shape);
        code.line("      switch (field_) {");
        for (var member : model.members(shape)) {
            code.line(
                    "        case %s -> found_ = new %s(in.value(%s));",
                    Types.literal(member.wire()),
                    variant(member),
                    types.reader(member.shape(), member.reference()));
        }
        code.line("        default -> in.skip();");
        code.line("      }");
        code.line("    }");
        code.line("    if (found_ == null) throw in.error(\"%s has no known member\");", shape);
        code.line("    return found_;");
        return code.line("  }").line("}").toString();
    }

    static String variant(Member member) {
        return Character.toUpperCase(member.name().charAt(0))
                + member.name().substring(1)
                + "Member";
    }
}
