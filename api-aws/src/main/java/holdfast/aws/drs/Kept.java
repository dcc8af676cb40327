package holdfast.aws.drs;

import holdfast.aws.protocol.JsonInput;
import holdfast.aws.protocol.Structure;
import holdfast.aws.protocol.StructureText;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The words of the service that are kept with settings, as JSON: what was set, under the names of
/// the service's members, whichever operation set it.
final class Kept {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// What names a resource, instead of setting something of it.
    private static final Set<String> NAMES =
            Set.of(
                    "arn",
                    "tags",
                    "sourceServerID",
                    "replicationConfigurationTemplateID",
                    "launchConfigurationTemplateID",
                    "resourceId");

    private Kept() {}

    /// Members that are absent from the request stay as they were.
    ///
    /// @param before empty if nothing was set
    static String changed(String before, Structure request) {
        var changed = object(before);
        changed.setAll(object(StructureText.of(request)));
        return changed.without(NAMES).toString();
    }

    private static ObjectNode object(String text) {
        return text.isEmpty() ? JSON.createObjectNode() : (ObjectNode) JSON.readTree(text);
    }

    static <T> T read(String document, JsonInput.Reader<T> reader) {
        return StructureText.read(document.isEmpty() ? "{}" : document, reader);
    }
}
