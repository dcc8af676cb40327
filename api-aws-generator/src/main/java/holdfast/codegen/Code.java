package holdfast.codegen;

import java.util.Locale;

/// Source text as it grows.
final class Code {
    private final StringBuilder text = new StringBuilder();

    /// Appends a line; `%s` stands for the arguments.
    @SuppressWarnings("AnnotateFormatMethod") // its annotation is in a library we do without
    Code line(String format, Object... arguments) {
        text.append(arguments.length == 0 ? format : String.format(Locale.ROOT, format, arguments))
                .append('\n');
        return this;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
