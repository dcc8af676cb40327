package holdfast.aws.protocol;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/// Pulls typed values out of a JSON body by the rules of AWS's REST with JSON: unknown members are
/// skipped, null is absent, no type is taken for another. One thread's.
public final class JsonInput {
    /// Deeper than any model's shapes.
    private static final int NESTING_MAX = 32;

    private static final int NUMBER_LENGTH_MAX = 64;

    static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(NESTING_MAX)
                                    .maxNumberLength(NUMBER_LENGTH_MAX)
                                    .build())
                    .build();

    private final JsonParser parser;
    private final Violations violations;

    /// By nesting depth, whether the object there is a map, whose names are keys.
    private final BitSet maps = new BitSet();

    JsonInput(byte[] body, Violations violations) {
        this.violations = violations;
        parser = FACTORY.createParser(ObjectReadContext.empty(), body);
        parser.nextToken();
    }

    /// Reads the value that is next.
    @FunctionalInterface
    public interface Reader<T extends @Nullable Object> {
        T read(JsonInput in);
    }

    public ProtocolException error(String message) {
        var at = parser.streamReadContext().pathAsPointer().toString();
        return ProtocolException.malformed(at.isEmpty() ? message : message + " at " + at);
    }

    private ProtocolException expected(String what) {
        return error("expected " + what + ", found " + parser.currentToken());
    }

    public void beginObject() {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw expected("an object");
        }
    }

    /// The next member's name, the parser on its value; null at the object's end.
    public @Nullable String nextField() {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            if (parser.currentToken() == null) {
                throw expected("the object's end");
            }
            var name = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_NULL) {
                return name;
            }
        }
        return null;
    }

    public void skip() {
        parser.skipChildren();
    }

    public <T extends @Nullable Object> T value(Reader<T> reader) {
        return reader.read(this);
    }

    public String string() {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw expected("a string");
        }
        return parser.getString();
    }

    public Boolean bool() {
        var token = parser.currentToken();
        if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
            throw expected("true or false");
        }
        return token == JsonToken.VALUE_TRUE;
    }

    public Integer integer() {
        var value = longInteger();
        if (value != value.intValue()) {
            throw error("out of range for an integer");
        }
        return value.intValue();
    }

    public Long longInteger() {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw expected("an integer");
        }
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            throw error("out of range for a long");
        }
        return parser.getLongValue();
    }

    public Double doubleFloat() {
        var token = parser.currentToken();
        if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
            throw expected("a number");
        }
        return parser.getDoubleValue();
    }

    public Float singleFloat() {
        return doubleFloat().floatValue();
    }

    public Instant timestamp(Timestamps format) {
        try {
            if (format != Timestamps.EPOCH_SECONDS) {
                return format.parse(string());
            }
            var token = parser.currentToken();
            if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
                throw expected("seconds since 1970");
            }
            return Timestamps.ofSeconds(parser.getDecimalValue());
        } catch (DateTimeException _) {
            throw error("not a time");
        }
    }

    /// Null, and a violation, where no constant is called so.
    public <E> @Nullable E enumeration(Function<String, @Nullable E> of, List<String> wire) {
        var name = string();
        var value = of.apply(name);
        if (value == null) {
            violations.add(member(), name, "satisfy enum value set: " + wire);
        }
        return value;
    }

    /// Where the parser is, as [MemberPath] writes it.
    private String member() {
        var path = MemberPath.ROOT;
        var depth = 0;
        for (var part : parser.streamReadContext().pathAsPointer().toString().split("/", -1)) {
            if (part.isEmpty()) {
                continue;
            }
            depth++;
            if (maps.get(depth)) {
                path = path.entry(part);
            } else if (part.chars().allMatch(Character::isDigit) && part.length() < 9) {
                path = path.index(Integer.parseInt(part));
            } else {
                path = path.field(part);
            }
        }
        return path.toString();
    }

    public <T extends @Nullable Object> List<T> list(Reader<T> reader) {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw expected("an array");
        }
        var list = new ArrayList<T>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() == null || parser.currentToken() == JsonToken.VALUE_NULL) {
                throw expected("an element");
            }
            var element = reader.read(this);
            if (element != null) {
                list.add(element);
            }
        }
        return list;
    }

    public <K, T extends @Nullable Object> Map<K, T> map(
            Function<String, @Nullable K> keyOf, Reader<T> reader) {
        beginObject();
        var depth = parser.streamReadContext().getNestingDepth();
        maps.set(depth);
        var map = new LinkedHashMap<K, T>();
        for (String name; (name = nextField()) != null; ) {
            var key = keyOf.apply(name);
            if (key == null) {
                violations.add(member(), name, "satisfy enum value set of keys");
                skip();
            } else {
                map.put(key, reader.read(this));
            }
        }
        maps.clear(depth);
        return map;
    }

    void end() {
        if (parser.nextToken() != null) {
            throw error("something follows the JSON document");
        }
    }
}
