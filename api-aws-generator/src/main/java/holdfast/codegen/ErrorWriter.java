package holdfast.codegen;

import holdfast.codegen.Model.Member;

/// Exceptions with the status and the members that the model gives them.
record ErrorWriter(Model model, Types types) {
    String error(String shape) {
        var status = model.shape(shape).path("error").path("httpStatusCode");
        var code = new Code();
        code.line("@SuppressWarnings(\"serial\") // never serialised by Java");
        code.line("public final class %s extends ServiceException {", shape);
        var others =
                model.members(shape).stream()
                        .filter(member -> !member.name().equalsIgnoreCase("message"))
                        .toList();
        for (var member : others) {
            code.line("  private final %s %s;", types.nullable(member.shape()), member.variable());
        }
        code.line("  private %s(Builder builder) {", shape);
        code.line(
                "    super(%s, %s, builder.message_);",
                Types.literal(shape), status.asInt(model.is(shape, "fault") ? 500 : 400));
        for (var member : others) {
            code.line("    this.%s = builder.%s;", member.variable(), member.variable());
        }
        code.line("  }");
        code.line("  @Override public void write(JsonOutput out) {");
        code.line("    out.beginObject();");
        code.line("    out.field(\"message\", getMessage(), JsonOutput::string);");
        for (var member : others) {
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
        code.line(
                "  @Override public void headers(java.util.function.BiConsumer<java.lang.String, java.lang.String> to) {");
        for (var member : others) {
            if (member.location() != null) {
                code.line(
                        "    if (%s != null) to.accept(%s, %s.toString());",
                        member.variable(), Types.literal(member.wire()), member.variable());
            }
        }
        code.line("  }");
        code.line("  public static Builder builder() { return new Builder(); }");
        code.line("  public static final class Builder {");
        code.line("    private java.lang.@Nullable String message_;");
        for (var member : others) {
            code.line("    private %s %s;", types.nullable(member.shape()), member.variable());
        }
        code.line(
                "    public Builder message(java.lang.String value_) { this.message_ = value_; return this; }");
        for (Member member : others) {
            code.line(
                    "    public Builder %s(%s value_) { this.%s = value_; return this; }",
                    member.variable(), types.nullable(member.shape()), member.variable());
        }
        code.line("    public %s build() { return new %s(this); }", shape, shape);
        return code.line("  }").line("}").toString();
    }
}
