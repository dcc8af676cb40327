package holdfast.aws.drs;

import holdfast.aws.drs.model.LaunchConfiguration;
import holdfast.aws.drs.model.LaunchConfigurationTemplate;
import holdfast.aws.drs.model.LaunchDisposition;
import holdfast.aws.drs.model.LaunchIntoInstanceProperties;
import holdfast.aws.drs.model.Licensing;
import holdfast.aws.drs.model.TargetInstanceTypeRightSizingMethod;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.ServiceException;
import holdfast.aws.protocol.Structure;
import holdfast.control.InstanceState;
import holdfast.control.LaunchSettings;
import holdfast.control.RecoveryInstance;
import holdfast.control.Settings;
import holdfast.control.SourceServer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a server's recovery instances are launched, in the service's words. Which of them act here,
/// and how, is said in docs/compatibility/drs.md.
final class LaunchConfigurations {
    /// The tag by which an instance says that it may be launched into, as with AWS.
    private static final String CONSENT = "AWSDRS";

    private static final String CONSENT_VALUE = "AllowLaunchingIntoThisInstance";

    private LaunchConfigurations() {}

    /// Settings after a request to change them.
    ///
    /// @param request has members of [LaunchConfiguration] or [LaunchConfigurationTemplate]
    /// @throws holdfast.aws.protocol.ServiceException if something is asked for that would not be
    ///   done
    static LaunchSettings changed(LaunchSettings before, Structure request) {
        var document = Kept.changed(before.document(), request);
        var wanted = Kept.read(document, LaunchConfiguration::read);
        var template = Kept.read(document, LaunchConfigurationTemplate::read);
        if (Boolean.TRUE.equals(template.launchIntoSourceInstance())) {
            throw DrsRules.invalid(
                    "launchIntoSourceInstance",
                    "a source server is not launched into: to bring an instance home there is `holdfast failback`");
        }
        return new LaunchSettings(
                wanted.launchDisposition() != LaunchDisposition.STOPPED,
                wanted.targetInstanceTypeRightSizingMethod() != null
                        && wanted.targetInstanceTypeRightSizingMethod()
                                != TargetInstanceTypeRightSizingMethod.BASIC,
                Boolean.TRUE.equals(wanted.copyTags()),
                Boolean.TRUE.equals(wanted.postLaunchEnabled()),
                Boolean.TRUE.equals(wanted.copyPrivateIp()),
                into(wanted),
                document);
    }

    /// What a machine that is launched into keeps cannot be the original's, too.
    private static Optional<String> into(LaunchConfiguration wanted) {
        var into = wanted.launchIntoInstanceProperties();
        var id = into == null ? null : into.launchIntoEC2InstanceID();
        if (id == null) {
            return Optional.empty();
        }
        if (Boolean.TRUE.equals(wanted.copyPrivateIp()) || Boolean.TRUE.equals(wanted.copyTags())) {
            throw unfit(
                    "an instance that is launched into keeps its own addresses and tags: set copyPrivateIp and copyTags to false");
        }
        return Optional.of(id);
    }

    /// @throws holdfast.aws.protocol.ServiceException if the instance is none that a server may be
    ///   launched into
    static void requireTarget(
            String id,
            SourceServer server,
            List<RecoveryInstance> known,
            Map<String, String> tags) {
        if (known.stream()
                .filter(one -> one.id().equals(id) && one.server().equals(server.id()))
                .filter(one -> one.state() != InstanceState.TERMINATED)
                .findFirst()
                .isEmpty()) {
            throw unfit(id + " is no recovery instance of server " + server.id());
        }
        if (!CONSENT_VALUE.equals(tags.get(CONSENT))) {
            throw unfit(
                    id
                            + " does not allow to be launched into, by which it loses its disks: tag it "
                            + CONSENT
                            + "="
                            + CONSENT_VALUE);
        }
    }

    private static ServiceException unfit(String message) {
        return DrsRules.invalid("launchIntoInstanceProperties.launchIntoEC2InstanceID", message);
    }

    static LaunchConfiguration of(SourceServer server, LaunchSettings settings) {
        var kept = Kept.read(settings.document(), LaunchConfiguration::read);
        return LaunchConfiguration.builder()
                .sourceServerID(server.id())
                .name(orElse(kept.name(), server.hostname()))
                .launchDisposition(disposition(settings))
                .targetInstanceTypeRightSizingMethod(sizing(kept))
                .copyPrivateIp(settings.copyAddress())
                .copyTags(settings.copyTags())
                .licensing(orElse(kept.licensing(), Licensing.builder().osByol(true).build()))
                .postLaunchEnabled(settings.runActions())
                .launchIntoInstanceProperties(
                        LaunchIntoInstanceProperties.builder()
                                .launchIntoEC2InstanceID(settings.into().orElse(null))
                                .build())
                .recoveryMode(kept.recoveryMode())
                .build();
    }

    static LaunchConfigurationTemplate of(
            RequestContext context,
            Settings.Template<LaunchSettings> template,
            Map<String, String> tags) {
        var settings = template.settings();
        var kept = Kept.read(settings.document(), LaunchConfiguration::read);
        var own = Kept.read(settings.document(), LaunchConfigurationTemplate::read);
        return LaunchConfigurationTemplate.builder()
                .launchConfigurationTemplateID(template.id())
                .arn(Ids.launchTemplateArn(context, template.id()))
                .tags(tags)
                .launchDisposition(disposition(settings))
                .targetInstanceTypeRightSizingMethod(sizing(kept))
                .copyPrivateIp(settings.copyAddress())
                .copyTags(settings.copyTags())
                .licensing(orElse(kept.licensing(), Licensing.builder().osByol(true).build()))
                .exportBucketArn(own.exportBucketArn())
                .postLaunchEnabled(settings.runActions())
                .launchIntoSourceInstance(false)
                .recoveryMode(kept.recoveryMode())
                .build();
    }

    private static LaunchDisposition disposition(LaunchSettings settings) {
        return settings.start() ? LaunchDisposition.STARTED : LaunchDisposition.STOPPED;
    }

    private static TargetInstanceTypeRightSizingMethod sizing(LaunchConfiguration kept) {
        return orElse(
                kept.targetInstanceTypeRightSizingMethod(),
                TargetInstanceTypeRightSizingMethod.BASIC);
    }

    private static <T> T orElse(@Nullable T kept, T usual) {
        return Objects.requireNonNullElse(kept, usual);
    }
}
