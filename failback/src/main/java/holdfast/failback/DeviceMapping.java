package holdfast.failback;

import holdfast.base.RefusalException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// Which local disk is to equal which disk of the recovery instance, as the user wrote it. Three
/// forms are understood:
///
/// ```
/// /dev/xvda=/dev/sda,/dev/xvdb=EXCLUDE                       or with : instead of =
/// {"/dev/xvda": "/dev/sda", "/dev/xvdb": "EXCLUDE"}
/// [{"recoveryInstanceDeviceName": "/dev/xvda", "failbackClientDeviceName": "/dev/sda"}, …]
/// ```
///
/// @param values by the recovery instance's name; empty for a disk that is left out
record DeviceMapping(Map<String, Optional<String>> values) {
    /// Stands in the place of a local disk where there is to be none.
    static final String EXCLUDE = "EXCLUDE";

    /// A name that comes twice would hide what was said of it first.
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private static final String RECOVERY = "recoveryInstanceDeviceName";
    private static final String LOCAL = "failbackClientDeviceName";

    DeviceMapping {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    private record Pair(String recovery, String local) {}

    /// Of these disks; all others of the instance are left out.
    static DeviceMapping of(Instance instance, List<FailbackDirectory.Disk> disks) {
        var values = new LinkedHashMap<String, Optional<String>>();
        for (var disk : instance.disks()) {
            values.put(
                    disk.name(),
                    disks.stream()
                            .filter(one -> one.recovery().equals(disk.name()))
                            .map(FailbackDirectory.Disk::local)
                            .findFirst());
        }
        return new DeviceMapping(values);
    }

    /// In the form that takes every name.
    String text() {
        var object = JsonNodeFactory.instance.objectNode();
        values.forEach((recovery, local) -> object.put(recovery, local.orElse(EXCLUDE)));
        return object.toString();
    }

    /// @throws RefusalException saying what is wrong with it, and how it is written
    static DeviceMapping parse(String text) {
        var stripped = unquoted(text.strip());
        List<Pair> pairs;
        if (stripped.startsWith("{") || stripped.startsWith("[")) {
            pairs = ofJson(stripped);
        } else {
            pairs = ofFields(stripped);
        }
        var values = new LinkedHashMap<String, Optional<String>>();
        for (var pair : pairs) {
            if (pair.recovery().isBlank() || pair.local().isBlank()) {
                throw malformed(
                        "'"
                                + pair.recovery()
                                + "' and '"
                                + pair.local()
                                + "' are no pair of disks");
            }
            var local =
                    pair.local().equals(EXCLUDE)
                            ? Optional.<String>empty()
                            : Optional.of(pair.local());
            if (values.putIfAbsent(pair.recovery(), local) != null) {
                throw malformed(pair.recovery() + " is named twice: name it once");
            }
        }
        if (values.isEmpty()) {
            throw malformed("it is empty");
        }
        return new DeviceMapping(values);
    }

    /// Quotes as for a shell, which no shell has taken away where it is typed at a prompt.
    private static String unquoted(String text) {
        for (var quote : List.of("'", "\"")) {
            if (text.length() > 1 && text.startsWith(quote) && text.endsWith(quote)) {
                return text.substring(1, text.length() - 1).strip();
            }
        }
        return text;
    }

    /// Fields of fields: between those of a pair stands the first `=`, or where there is none, the
    /// first `:`, since names of local disks have colons, too.
    private static List<Pair> ofFields(String text) {
        var pairs = new ArrayList<Pair>();
        for (var field : text.split(",", -1)) {
            var equals = field.indexOf('=');
            var at = equals >= 0 ? equals : field.indexOf(':');
            if (at < 0) {
                throw malformed("'" + field.strip() + "' names one disk, and not two");
            }
            pairs.add(new Pair(field.substring(0, at).strip(), field.substring(at + 1).strip()));
        }
        return pairs;
    }

    private static List<Pair> ofJson(String text) {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JacksonException e) {
            throw malformed("it is not JSON: " + e.getOriginalMessage());
        }
        var pairs = new ArrayList<Pair>();
        if (json.isObject()) {
            json.properties()
                    .forEach(member ->
                            pairs.add(new Pair(member.getKey(), text(member.getValue(), text))));
        } else {
            for (var element : json) {
                pairs.add(
                        new Pair(
                                text(element.path(RECOVERY), text),
                                text(element.path(LOCAL), text)));
            }
        }
        return pairs;
    }

    private static String text(JsonNode value, String whole) {
        if (!value.isString()) {
            throw malformed("a device's name is missing in " + whole);
        }
        return value.stringValue().strip();
    }

    private static RefusalException malformed(String what) {
        return new RefusalException(
                "malformed-mapping",
                "device mapping: "
                        + what
                        + "; write recovery_device=local_device,…, or EXCLUDE for a local device");
    }
}
