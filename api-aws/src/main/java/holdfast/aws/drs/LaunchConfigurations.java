package holdfast.aws.drs;

import holdfast.aws.drs.model.LaunchConfiguration;
import holdfast.aws.drs.model.LaunchConfigurationTemplate;
import holdfast.aws.drs.model.LaunchDisposition;
import holdfast.aws.drs.model.LaunchIntoInstanceProperties;
import holdfast.aws.drs.model.Licensing;
import holdfast.aws.drs.model.TargetInstanceTypeRightSizingMethod;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.Structure;
import holdfast.control.LaunchSettings;
import holdfast.control.Settings;
import holdfast.control.SourceServer;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How a server's recovery instances are launched, in the service's words. Which of them act here,
/// and how, is said in docs/compatibility/drs.md.
final class LaunchConfigurations {
    private LaunchConfigurations() {}

    /// Settings after a request to change them.
    ///
    /// @param request has members of [LaunchConfiguration] or [LaunchConfigurationTemplate]
    /// @throws holdfast.aws.protocol.ServiceException if something is asked for that would not be
    ///   done
    static LaunchSettings changed(LaunchSettings before, Structure request) {
        var document = Kept.changed(before.document(), request);
        var wanted = Kept.read(document, LaunchConfiguration::read);
        refuseWhatIsNotDone(wanted);
        var template = Kept.read(document, LaunchConfigurationTemplate::read);
        if (Boolean.TRUE.equals(template.launchIntoSourceInstance())) {
            throw DrsRules.invalid(
                    "launchIntoSourceInstance", "a recovery instance is always a new machine");
        }
        return new LaunchSettings(
                wanted.launchDisposition() != LaunchDisposition.STOPPED,
                wanted.targetInstanceTypeRightSizingMethod() != null
                        && wanted.targetInstanceTypeRightSizingMethod()
                                != TargetInstanceTypeRightSizingMethod.BASIC,
                Boolean.TRUE.equals(wanted.copyTags()),
                Boolean.TRUE.equals(wanted.postLaunchEnabled()),
                Boolean.TRUE.equals(wanted.copyPrivateIp()),
                document);
    }

    private static void refuseWhatIsNotDone(LaunchConfiguration wanted) {
        var into = wanted.launchIntoInstanceProperties();
        var id = into == null ? null : into.launchIntoEC2InstanceID();
        if (id != null && !id.isEmpty()) {
            throw DrsRules.invalid(
                    "launchIntoInstanceProperties.launchIntoEC2InstanceID",
                    "a recovery instance is always a new machine");
        }
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
                        orElse(
                                kept.launchIntoInstanceProperties(),
                                LaunchIntoInstanceProperties.builder().build()))
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
