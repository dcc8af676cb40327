package holdfast.aws.protocol;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.io.SerializedString;

/// Writes structures as JSON; members that are null are left out. One thread's.
public final class JsonOutput {
    /// The names of members and the values of enumerations, encoded: those of the services' models,
    /// hence a limited number. They are the greater part of most answers.
    private static final Map<String, SerializedString> WORDS = new ConcurrentHashMap<>();

    private final JsonGenerator generator;

    private JsonOutput(JsonGenerator generator) {
        this.generator = generator;
    }

    /// Writes one value.
    @FunctionalInterface
    public interface Writer<T> {
        void write(JsonOutput out, T value);
    }

    static byte[] bytes(Structure structure) {
        var bytes = new ByteArrayOutputStream(1024);
        try (var generator =
                JsonInput.FACTORY.createGenerator(
                        ObjectWriteContext.empty(), bytes, JsonEncoding.UTF8)) {
            structure.write(new JsonOutput(generator));
        }
        return bytes.toByteArray();
    }

    public void beginObject() {
        generator.writeStartObject();
    }

    public void endObject() {
        generator.writeEndObject();
    }

    public <T> void field(String name, @Nullable T value, Writer<? super T> writer) {
        if (value != null) {
            generator.writeName(encoded(name));
            writer.write(this, value);
        }
    }

    private static SerializedString encoded(String word) {
        var known = WORDS.get(word);
        return known == null
                ? WORDS.computeIfAbsent(word, SerializedString::new) // locks others out
                : known;
    }

    /// A value of an enumeration.
    public void word(String value) {
        generator.writeString(encoded(value));
    }

    public void string(String value) {
        // encoded by the JDK, which does that faster than the generator does
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        generator.writeUTF8String(bytes, 0, bytes.length);
    }

    public void integer(Integer value) {
        generator.writeNumber(value);
    }

    public void longInteger(Long value) {
        generator.writeNumber(value);
    }

    public void bool(Boolean value) {
        generator.writeBoolean(value);
    }

    public void doubleFloat(Double value) {
        generator.writeNumber(value);
    }

    public void singleFloat(Float value) {
        generator.writeNumber(value);
    }

    public void timestamp(Instant value, Timestamps format) {
        if (format == Timestamps.EPOCH_SECONDS) {
            generator.writeNumber(Timestamps.seconds(value).toPlainString());
        } else {
            generator.writeString(format.text(value));
        }
    }

    public <T> void list(List<T> values, Writer<? super T> writer) {
        generator.writeStartArray();
        for (var value : values) {
            writer.write(this, value);
        }
        generator.writeEndArray();
    }

    public <K, T> void map(Map<K, T> values, Function<K, String> name, Writer<? super T> writer) {
        generator.writeStartObject();
        for (var entry : values.entrySet()) {
            generator.writeName(name.apply(entry.getKey()));
            writer.write(this, entry.getValue());
        }
        generator.writeEndObject();
    }
}
