package holdfast.aws.drs;

import holdfast.aws.drs.model.NetworkInterface;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Network interfaces, which the agent tells as `name mac address/prefix,...`.
final class NetworkInterfaces {
    private NetworkInterfaces() {}

    static String macAddress(String told) {
        var parts = told.split(" ", -1);
        return parts.length > 1 ? parts[1].toLowerCase(Locale.ROOT) : "";
    }

    static List<NetworkInterface> of(List<String> told) {
        var interfaces = new ArrayList<NetworkInterface>();
        for (var one : told) {
            var parts = one.split(" ", -1);
            var addresses =
                    parts.length < 3
                            ? List.<String>of()
                            : Arrays.stream(parts[2].split(",", -1))
                                    .map(address -> address.split("/", 2)[0])
                                    .filter(address -> !address.isEmpty())
                                    .toList();
            interfaces.add(
                    NetworkInterface.builder()
                            .macAddress(macAddress(one))
                            .ips(addresses)
                            .isPrimary(interfaces.isEmpty())
                            .build());
        }
        return interfaces;
    }
}
