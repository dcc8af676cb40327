package holdfast.codegen;

/// Regular expressions of the models, which are ECMAScript's, in Java's words.
final class Patterns {
    private Patterns() {}

    /// `$` is the end of the input there; Java's also matches before a last line feed. Inside a
    /// class `[` and `&&` mean themselves there, and a nested class and an intersection in Java.
    static String translated(String pattern) {
        var result = new StringBuilder();
        var inClass = false;
        for (var i = 0; i < pattern.length(); i++) {
            var c = pattern.charAt(i);
            if (c == '\\') {
                result.append(c).append(pattern.charAt(++i));
            } else if (inClass && (c == '[' || c == '&')) {
                result.append('\\').append(c);
            } else if (c == '$' && !inClass) {
                result.append("\\z");
            } else {
                inClass = c == '[' || (inClass && c != ']');
                result.append(c);
            }
        }
        return result.toString();
    }
}
