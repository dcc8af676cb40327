package holdfast.aws.protocol;

import java.nio.charset.StandardCharsets;

/// Structures as texts in JSON, to be kept and read again. What is kept was checked before.
public final class StructureText {
    private StructureText() {}

    public static String of(Structure structure) {
        return new String(JsonOutput.bytes(structure), StandardCharsets.UTF_8);
    }

    /// @param text of one object
    public static <T> T read(String text, JsonInput.Reader<T> reader) {
        return reader.read(new JsonInput(text.getBytes(StandardCharsets.UTF_8), new Violations()));
    }
}
