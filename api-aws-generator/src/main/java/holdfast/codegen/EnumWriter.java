package holdfast.codegen;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// Enums that know what they are called on the wire.
final class EnumWriter {
    private EnumWriter() {}

    static String enumeration(Model model, String shape) {
        var seen = new HashSet<String>();
        var constants =
                model.shape(shape).path("enum").values().stream()
                        .map(value -> constant(value.asString(), seen))
                        .collect(Collectors.joining(",\n  "));
        return """
        public enum SHAPE {
          CONSTANTS;

          private static final java.util.Map<java.lang.String, SHAPE> BY_WIRE =
              java.util.Arrays.stream(values())
                  .collect(java.util.stream.Collectors.toUnmodifiableMap(SHAPE::wire, value -> value));
          static final java.util.List<java.lang.String> WIRE =
              java.util.Arrays.stream(values()).map(SHAPE::wire).toList();
          private final java.lang.String wire;

          SHAPE(java.lang.String wire) { this.wire = wire; }

          public java.lang.String wire() { return wire; }

          @Override public java.lang.String toString() { return wire; }

          /// Null when there is none of that name.
          public static @Nullable SHAPE of(java.lang.String wire) { return BY_WIRE.get(wire); }
        }
        """
                .replace("SHAPE", shape)
                .replace("CONSTANTS", constants);
    }

    private static String constant(String wire, Set<String> seen) {
        var name = wire.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9_]", "_");
        if (Character.isDigit(name.charAt(0))) {
            name = "_" + name;
        }
        while (!seen.add(name)) {
            name += "_";
        }
        return name + "(" + Types.literal(wire) + ")";
    }
}
