package holdfast.aws.drs;

import holdfast.aws.protocol.RequestContext;
import java.util.regex.Pattern;

/// ARNs of recovery plans, their executions, and the steps of both, which are named within them.
final class PlanIds {
    private static final String PLAN = "recovery-plan/";
    private static final String EXECUTION = "recovery-plan-execution/";
    private static final String STEP = "/step/";

    /// A step and what it is of.
    record Step(String parent, String step) {}

    private PlanIds() {}

    static String planArn(RequestContext context, String id) {
        return context.arn(Ids.SERVICE, PLAN + id);
    }

    static String stepArn(RequestContext context, String plan, String step) {
        return planArn(context, plan) + STEP + step;
    }

    static String executionArn(RequestContext context, String id) {
        return context.arn(Ids.SERVICE, EXECUTION + id);
    }

    static String executionStepArn(RequestContext context, String execution, String step) {
        return executionArn(context, execution) + STEP + step;
    }

    static String plan(RequestContext context, String arn) {
        return resource(context, arn, PLAN, "plan-[0-9a-f]{17}", "recovery plan");
    }

    static String execution(RequestContext context, String arn) {
        return resource(
                context, arn, EXECUTION, "exec-[0-9a-f]{17}", "execution of a recovery plan");
    }

    static Step step(RequestContext context, String arn) {
        return split(
                resource(
                        context,
                        arn,
                        PLAN,
                        "plan-[0-9a-f]{17}/step/st-[0-9a-f]{17}",
                        "step of a recovery plan"));
    }

    static Step executionStep(RequestContext context, String arn) {
        return split(
                resource(
                        context,
                        arn,
                        EXECUTION,
                        "exec-[0-9a-f]{17}/step/step-[0-9a-f]{17}",
                        "step of an execution"));
    }

    private static Step split(String resource) {
        var at = resource.indexOf(STEP);
        return new Step(resource.substring(0, at), resource.substring(at + STEP.length()));
    }

    private static String resource(
            RequestContext context, String arn, String prefix, String form, String what) {
        var parts =
                Pattern.compile(
                                "arn:aws:drs:[a-z0-9-]+:"
                                        + context.account()
                                        + ":"
                                        + prefix
                                        + "("
                                        + form
                                        + ")")
                        .matcher(arn);
        if (!parts.matches()) {
            throw DrsRules.notFound(
                    what, arn, "not the ARN of a " + what + " of this installation: " + arn);
        }
        return parts.group(1);
    }
}
