package holdfast.aws.drs;

import holdfast.aws.drs.model.LaunchAction;
import holdfast.aws.drs.model.LaunchActionParameterType;
import holdfast.aws.drs.model.LaunchActionType;
import holdfast.aws.drs.model.PutLaunchActionRequest;
import holdfast.aws.drs.model.PutLaunchActionResponse;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Launch actions: scripts of the launch host, where the service has documents.
final class LaunchActionTranslation {
    /// What may be the name of a script, of all that the model lets through.
    private static final Pattern SCRIPT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]*");

    private LaunchActionTranslation() {}

    /// @throws holdfast.aws.protocol.ServiceException if something is asked for that would not be
    ///   done
    static holdfast.control.LaunchAction ours(PutLaunchActionRequest request) {
        if (!SCRIPT.matcher(request.actionCode()).matches()) {
            throw DrsRules.invalid(
                    "actionCode",
                    "the name of a script of the launch host has letters, digits and hyphens only: "
                            + request.actionCode());
        }
        if (!request.actionVersion().startsWith("$")) {
            throw DrsRules.invalid(
                    "actionVersion",
                    "scripts have no versions: use $LATEST, which is the script as it is when it is run");
        }
        var parameters = new TreeMap<String, String>();
        if (request.parameters() != null) {
            request.parameters()
                    .forEach((name, parameter) -> {
                        if (parameter.type() == LaunchActionParameterType.SSM_STORE) {
                            throw DrsRules.invalid(
                                    "parameters." + name + ".type",
                                    "there is no parameter store: use DYNAMIC with the value itself");
                        }
                        var value = parameter.value();
                        parameters.put(name, value == null ? "" : value);
                    });
        }
        return new holdfast.control.LaunchAction(
                request.resourceId(),
                request.actionId(),
                request.order(),
                request.actionCode(),
                request.optional(),
                request.active(),
                parameters,
                Kept.changed("", request));
    }

    static PutLaunchActionResponse answer(PutLaunchActionRequest request) {
        return PutLaunchActionResponse.builder()
                .resourceId(request.resourceId())
                .actionId(request.actionId())
                .actionCode(request.actionCode())
                .type(LaunchActionType.SSM_COMMAND)
                .name(request.name())
                .active(request.active())
                .order(request.order())
                .actionVersion(request.actionVersion())
                .optional(request.optional())
                .parameters(request.parameters())
                .description(request.description())
                .category(request.category())
                .build();
    }

    static LaunchAction theirs(holdfast.control.LaunchAction action) {
        var kept = Kept.read(action.document(), LaunchAction::read);
        return LaunchAction.builder()
                .actionId(action.id())
                .actionCode(action.script())
                .type(LaunchActionType.SSM_COMMAND)
                .name(kept.name())
                .active(action.active())
                .order(action.order())
                .actionVersion(kept.actionVersion())
                .optional(action.optional())
                .parameters(kept.parameters())
                .description(kept.description())
                .category(kept.category())
                .build();
    }
}
