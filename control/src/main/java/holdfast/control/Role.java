package holdfast.control;

import holdfast.base.RefusalException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// What whoever has it may do, as patterns of actions such as `drs:StartRecovery`; `*` stands for
/// anything and `?` for one character, as in IAM's policies. Upper and lower case are the same.
///
/// @param name as users write it: `read-only`
/// @param builtIn whether it comes with Holdfast and cannot be changed
public record Role(String name, List<String> actions, boolean builtIn) {
    /// Everything.
    public static final Role ADMIN = new Role("admin", List.of("*"), true);

    /// Looks, recovers, drills, runs plans and cleans up; changes no setting and deletes no
    /// replica.
    public static final Role OPERATOR =
            new Role(
                    "operator",
                    List.of(
                            "sts:Get*",
                            "sts:AssumeRole/read-only",
                            "sts:AssumeRole/failback-installation",
                            "drs:Describe*",
                            "drs:Get*",
                            "drs:List*",
                            "drs:StartRecovery",
                            "drs:StartSourceNetworkRecovery",
                            "drs:StartRecoveryPlanExecution",
                            "drs:CancelRecoveryPlanExecution",
                            "drs:RetryRecoveryPlanExecutionStep",
                            "drs:UpdateRecoveryPlanExecutionStep",
                            "drs:TerminateRecoveryInstances",
                            "drs:StartFailbackLaunch",
                            "drs:StopFailback",
                            "drs:ReverseReplication",
                            "drs:TagResource",
                            "drs:UntagResource",
                            "holdfast:Get*",
                            "holdfast:List*",
                            "holdfast:StartRecovery",
                            "holdfast:StartVerification",
                            "holdfast:StartInstance",
                            "holdfast:TerminateInstance",
                            "holdfast:StartFailbackLaunch",
                            "holdfast:StopFailback",
                            "holdfast:ProtectInstance",
                            "holdfast:CreateExport",
                            "holdfast:ExportInstance",
                            "holdfast:DeleteExport",
                            "holdfast:StartPlanExecution",
                            "holdfast:CancelPlanExecution",
                            "holdfast:RetryPlanExecutionStep",
                            "holdfast:SkipPlanExecutionStep",
                            "holdfast:UpdatePlanExecutionStep",
                            "holdfast:Failback"),
                    true);

    /// Looks.
    public static final Role READ_ONLY =
            new Role(
                    "read-only",
                    List.of(
                            "sts:Get*",
                            "drs:Describe*",
                            "drs:Get*",
                            "drs:List*",
                            "holdfast:Get*",
                            "holdfast:List*"),
                    true);

    /// Makes a machine a source server, and nothing else. The action is the one that IAM has for
    /// it.
    public static final Role AGENT_INSTALLATION =
            new Role(
                    "agent-installation",
                    List.of("sts:GetCallerIdentity", "drs:CreateSourceServerForDrs"),
                    true);

    /// What a machine that is to be failed back to needs, and nothing else.
    public static final Role FAILBACK_INSTALLATION =
            new Role(
                    "failback-installation",
                    List.of(
                            "sts:GetCallerIdentity",
                            "drs:DescribeRecoveryInstances",
                            "drs:DescribeSourceServers",
                            "drs:GetFailbackReplicationConfiguration",
                            "holdfast:Failback"),
                    true);

    static final List<Role> BUILT_IN =
            List.of(ADMIN, OPERATOR, READ_ONLY, AGENT_INSTALLATION, FAILBACK_INSTALLATION);

    private static final int ACTIONS_MAX = 200;

    private static final Pattern ACTION =
            Pattern.compile("\\*|[a-z0-9-]{1,32}:[A-Za-z0-9*?/_.+=,@-]{1,128}");

    public Role {
        actions = List.copyOf(actions);
    }

    /// One that an operator makes.
    ///
    /// @throws RefusalException if the name or an action is not of the right form
    static Role custom(String name, List<String> actions) {
        Names.require("role", name);
        if (actions.isEmpty() || actions.size() > ACTIONS_MAX) {
            throw malformed("1 to " + ACTIONS_MAX + " actions are needed, not " + actions.size());
        }
        for (var action : actions) {
            if (!ACTION.matcher(action).matches()) {
                throw malformed(
                        action
                                + " is no pattern of actions, such as drs:StartRecovery or drs:Get*");
            }
        }
        return new Role(name, actions, false);
    }

    private static RefusalException malformed(String message) {
        return new RefusalException("malformed-role", message);
    }

    public boolean allows(String action) {
        var wanted = action.toLowerCase(Locale.ROOT);
        return actions.stream().anyMatch(p -> matches(p.toLowerCase(Locale.ROOT), wanted));
    }

    /// By going back to the last star only, so that no pattern takes long.
    private static boolean matches(String pattern, String text) {
        var p = 0;
        var star = -1;
        var starAt = 0;
        for (var t = 0; t < text.length(); ) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                starAt = t;
            } else if (p < pattern.length()
                    && (pattern.charAt(p) == '?' || pattern.charAt(p) == text.charAt(t))) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1;
                t = ++starAt;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }
}
