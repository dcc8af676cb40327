package holdfast.control;

import holdfast.base.RefusalException;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What the holder of an access key may do, as patterns of actions such as `drs:StartRecovery`; `*`
/// stands for anything.
public enum AccessRole {
    /// Everything.
    ADMIN("*"),

    /// Looks, recovers, drills and cleans up; changes no setting and deletes no replica.
    OPERATOR(
            "sts:GetCallerIdentity",
            "drs:Describe*",
            "drs:Get*",
            "drs:List*",
            "drs:StartRecovery",
            "drs:TerminateRecoveryInstances",
            "drs:StartFailbackLaunch",
            "drs:StopFailback",
            "drs:ReverseReplication",
            "drs:TagResource",
            "drs:UntagResource",
            "holdfast:*"),

    /// What a machine that is to be failed back to needs, and nothing else.
    FAILBACK("sts:GetCallerIdentity", "holdfast:*"),

    /// Looks.
    READ_ONLY("sts:GetCallerIdentity", "drs:Describe*", "drs:Get*", "drs:List*");

    private final Pattern actions;

    AccessRole(String... actions) {
        this.actions =
                Pattern.compile(
                        Arrays.stream(actions)
                                .map(AccessRole::expression)
                                .collect(Collectors.joining("|")));
    }

    private static String expression(String action) {
        return Arrays.stream(action.split("\\*", -1))
                .map(Pattern::quote)
                .collect(Collectors.joining(".*"));
    }

    public boolean allows(String action) {
        return actions.matcher(action).matches();
    }

    /// As users write it: `read-only`.
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @throws RefusalException if there is none of that name
    public static AccessRole of(String text) {
        for (var role : values()) {
            if (role.text().equals(text)) {
                return role;
            }
        }
        throw new RefusalException(
                "malformed-role",
                String.format(
                        Locale.ROOT,
                        "not a role: %s; there are %s",
                        text,
                        String.join(", ", Arrays.stream(values()).map(AccessRole::text).toList())));
    }
}
