package holdfast.aws.drs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A part of a list. Its token is the sort key of its last element, so that pages stay right when
/// elements come and go between them.
///
/// @param nextToken null on the last page
record Page<T>(List<T> items, @Nullable String nextToken) {
    /// What a page holds unless less is asked for.
    private static final int SIZE_MAX = 1000;

    private static final String VERSION = "1 ";

    /// @param key of an element; unique, and texts of keys sort as the list does
    /// @param descending whether greater keys come first
    static <T> Page<T> of(
            List<T> all,
            Function<T, String> key,
            boolean descending,
            @Nullable Integer maxResults,
            @Nullable String token) {
        var order = Comparator.<String>naturalOrder();
        var wanted = descending ? order.reversed() : order;
        var after = after(token);
        var rest =
                all.stream()
                        .filter(item ->
                                after.isEmpty() || wanted.compare(key.apply(item), after) > 0)
                        .sorted(Comparator.comparing(key, wanted))
                        .toList();
        return first(size(maxResults), rest, key);
    }

    /// Of a list that is too long to be looked at as a whole, and gives parts of itself.
    ///
    /// @param key of an element; unique, and what the list is sorted by
    static <T> Page<T> of(
            Parts<T> list,
            Function<T, String> key,
            @Nullable Integer maxResults,
            @Nullable String token)
            throws IOException {
        var size = size(maxResults);
        return first(size, list.after(after(token), size + 1), key);
    }

    /// Gives parts of a list.
    @FunctionalInterface
    interface Parts<T> {
        /// @param key that the part comes after; empty for the first part
        /// @param limit elements at most
        List<T> after(String key, int limit) throws IOException;
    }

    private static <T> Page<T> first(int size, List<T> rest, Function<T, String> key) {
        if (rest.size() <= size) {
            return new Page<>(rest, null);
        }
        return new Page<>(rest.subList(0, size), encoded(key.apply(rest.get(size - 1))));
    }

    private static int size(@Nullable Integer maxResults) {
        return Math.min(maxResults == null ? SIZE_MAX : maxResults, SIZE_MAX);
    }

    private static String after(@Nullable String token) {
        return token == null || token.isEmpty() ? "" : decoded(token);
    }

    /// A key of numbers that sorts as they do.
    static String key(long number) {
        return String.format(Locale.ROOT, "%019d", number);
    }

    private static String encoded(String key) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString((VERSION + key).getBytes(StandardCharsets.UTF_8));
    }

    private static String decoded(String token) {
        try {
            var text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
            if (text.startsWith(VERSION) && text.length() > VERSION.length()) {
                return text.substring(VERSION.length());
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw DrsRules.invalid("nextToken", "nextToken is not one that was given out here");
    }
}
