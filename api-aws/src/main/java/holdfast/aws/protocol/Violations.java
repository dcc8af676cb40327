package holdfast.aws.protocol;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What is wrong with a request, member by member, in AWS's words. One thread's.
public final class Violations {
    /// Told at most; the rest is counted out by mending these.
    private static final int COUNT_MAX = 50;

    /// Characters of a wrong value that are repeated to the caller.
    private static final int VALUE_MAX = 100;

    /// @param member such as `sourceServers.1.member.sourceServerID`
    public record Violation(String member, String message) {}

    private final List<Violation> found = new ArrayList<>();
    private final Set<String> members = new HashSet<>();

    public List<Violation> found() {
        return List.copyOf(found);
    }

    /// One line for people.
    public String message() {
        return String.format(
                Locale.ROOT,
                "%d validation error%s detected: %s",
                found.size(),
                found.size() == 1 ? "" : "s",
                String.join("; ", found.stream().map(Violation::message).toList()));
    }

    /// The first violation of a member counts, since later ones may follow from it.
    void add(String member, @Nullable Object value, String constraint) {
        if (found.size() < COUNT_MAX && members.add(member)) {
            found.add(
                    new Violation(
                            member,
                            String.format(
                                    Locale.ROOT,
                                    "Value %s at '%s' failed to satisfy constraint: Member must %s",
                                    shown(value),
                                    member,
                                    constraint)));
        }
    }

    private static String shown(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        var text = value.toString();
        return "'" + (text.length() > VALUE_MAX ? text.substring(0, VALUE_MAX) + "…" : text) + "'";
    }

    public void required(MemberPath path, String name, @Nullable Object value) {
        if (value == null) {
            add(path.field(name).toString(), null, "not be null");
        }
    }

    /// @return whether the length is right; counted in code points
    public boolean length(MemberPath path, String value, int min, int max) {
        return within(path, value, value.codePointCount(0, value.length()), min, max);
    }

    public void size(MemberPath path, int size, int min, int max) {
        within(path, size + " elements", size, min, max);
    }

    private boolean within(MemberPath path, Object value, int length, int min, int max) {
        if (length < min) {
            add(path.toString(), value, "have length greater than or equal to " + min);
        } else if (length > max) {
            add(path.toString(), value, "have length less than or equal to " + max);
        }
        return length >= min && length <= max;
    }

    /// @param text the pattern as the model has it
    public void pattern(MemberPath path, String value, Pattern pattern, String text) {
        if (!pattern.matcher(value).find()) {
            add(path.toString(), value, "satisfy regular expression pattern: " + text);
        }
    }

    public void range(MemberPath path, Number value, long min, long max) {
        if (value.longValue() < min) {
            add(path.toString(), value, "have value greater than or equal to " + min);
        } else if (value.longValue() > max) {
            add(path.toString(), value, "have value less than or equal to " + max);
        }
    }

    public void range(MemberPath path, Number value, double min, double max) {
        if (!(value.doubleValue() >= min)) {
            add(path.toString(), value, "have value greater than or equal to " + min);
        } else if (value.doubleValue() > max) {
            add(path.toString(), value, "have value less than or equal to " + max);
        }
    }
}
