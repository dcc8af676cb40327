package holdfast.control;

import holdfast.base.RefusalException;
import java.util.Locale;
import java.util.regex.Pattern;

/// What users and roles may be called: what IAM allows (IAM, "Names and path").
final class Names {
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9+=,.@_-]{1,64}");

    private Names() {}

    /// @param what is named so: `user`
    static void require(String what, String name) {
        if (!FORM.matcher(name).matches()) {
            throw new RefusalException(
                    "malformed-" + what,
                    String.format(
                            Locale.ROOT,
                            "not a name for a %s: '%s'; 1 to 64 of letters, digits and +=,.@_- are",
                            what,
                            name));
        }
    }
}
