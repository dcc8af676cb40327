package holdfast.codegen;

import java.util.Map;
import java.util.TreeMap;

/// All sources of one service, by class.
final class ServiceWriter {
    private final Model model;
    private final String javaPackage;
    private final String prefix;
    private final Map<String, String> sources = new TreeMap<>();

    ServiceWriter(Model model, String javaPackage, String prefix) {
        this.model = model;
        this.javaPackage = javaPackage;
        this.prefix = prefix;
    }

    Map<String, String> sources() {
        var types = new Types(model);
        var structures = new StructureWriter(model, types);
        for (var shape : model.shapes().keySet()) {
            if (model.is(shape, "exception")) {
                put(shape, new ErrorWriter(model, types).error(shape));
            } else if (model.is(shape, "union")) {
                put(shape, structures.union(shape));
            } else if (model.type(shape).equals("structure")) {
                put(shape, structures.record(shape));
            } else if (model.isEnum(shape)) {
                put(shape, EnumWriter.enumeration(model, shape));
            }
        }
        var validators = new ValidatorWriter(model, types);
        put("Validators", validators.validators());
        var operations = new OperationWriter(model, types, prefix);
        put(prefix + "Service", operations.service());
        put(prefix + "Operations", operations.table());
        sources.put(
                "package-info",
                """
                /// Made of the service's model when the project is built.
                @NullMarked
                package %s;

                import org.jspecify.annotations.NullMarked;
                """
                        .replace("%s", javaPackage));
        return sources;
    }

    private void put(String name, String body) {
        var head =
                """
                package %s;

                import holdfast.aws.protocol.*;
                import org.jspecify.annotations.Nullable;

                """;
        sources.put(name, head.replace("%s", javaPackage) + body);
    }
}
