package holdfast.aws.drs;

import holdfast.aws.protocol.RequestContext;
import java.util.regex.Pattern;

/// Names of the service's resources, and ours.
final class Ids {
    static final String SERVICE = "drs";
    private static final String JOB = "drsjob-";
    private static final String OUR_JOB = "job-";

    private static final Pattern ARN =
            Pattern.compile(
                    "arn:aws:drs:[a-z0-9-]+:([0-9]{12}):(?:source-server/(s-.+)|recovery-instance/(i-.+)|job/drsjob-(.+)|replication-configuration-template/(rct-.+)|launch-configuration-template/(lct-.+)|source-network/(sn-.+)|recovery-plan/(plan-[^/]+)|recovery-plan-execution/(exec-[^/]+))");

    private Ids() {}

    /// `drsjob-…` for our `job-…`.
    static String job(String ours) {
        return JOB + ours.substring(OUR_JOB.length());
    }

    /// Inverse of [#job].
    static String ourJob(String theirs) {
        return OUR_JOB + theirs.substring(JOB.length());
    }

    static String serverArn(RequestContext context, String id) {
        return serverArn(context, context.account(), id);
    }

    /// Of a server of that account.
    static String serverArn(RequestContext context, String account, String id) {
        return RequestContext.arn(SERVICE, context.region(), account, "source-server/" + id);
    }

    /// A server of an account.
    record OwnedServer(String account, String server) {}

    /// What the ARN of a server of any account names; it may not exist.
    static OwnedServer serverOf(String arn) {
        var parts = ARN.matcher(arn);
        if (!parts.matches() || parts.group(2) == null) {
            throw DrsRules.invalid("sourceServerArn", "not the ARN of a source server: " + arn);
        }
        return new OwnedServer(parts.group(1), parts.group(2));
    }

    static String instanceArn(RequestContext context, String id) {
        return context.arn(SERVICE, "recovery-instance/" + id);
    }

    static String replicationTemplateArn(RequestContext context, String id) {
        return context.arn(SERVICE, "replication-configuration-template/" + id);
    }

    static String launchTemplateArn(RequestContext context, String id) {
        return context.arn(SERVICE, "launch-configuration-template/" + id);
    }

    static String sourceNetworkArn(RequestContext context, String id) {
        return context.arn(SERVICE, "source-network/" + id);
    }

    static String jobArn(RequestContext context, String ours) {
        return context.arn(SERVICE, "job/" + job(ours));
    }

    /// Our id of what an ARN names; it may not exist.
    static String ofArn(RequestContext context, String arn) {
        var parts = ARN.matcher(arn);
        if (!parts.matches() || !parts.group(1).equals(context.account())) {
            throw DrsRules.notFound(
                    "resource",
                    arn,
                    "not the ARN of a source server, recovery instance, job, template, source network, plan or execution of this account");
        }
        if (parts.group(4) != null) {
            return OUR_JOB + parts.group(4);
        }
        for (var group = 2; group <= parts.groupCount(); group++) {
            if (parts.group(group) != null) {
                return parts.group(group);
            }
        }
        throw new IllegalStateException("no id in " + arn);
    }
}
