package holdfast.recovery;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// How a network's parts are called on the host: a network namespace of its own (ip-netns(8)), and
/// in it one bridge, to which machines' taps are attached.
final class Namespaces {
    static final String BRIDGE = "br0";

    private static final Path MOUNTED = Path.of("/run/netns");

    /// IFNAMSIZ is 16 with the final NUL.
    private static final int TAP_DIGITS = 12;

    private Namespaces() {}

    static String name(String network) {
        if (!NetworkSpec.ID.matcher(network).matches()) {
            throw new IllegalArgumentException("not an id of a network: " + network);
        }
        return "holdfast-" + network;
    }

    static Path path(String network) {
        return MOUNTED.resolve(name(network));
    }

    /// The host's end of a machine's card.
    static String tap(String machine, int index) {
        try {
            var hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest((machine + " " + index).getBytes(StandardCharsets.UTF_8));
            return "hf" + HexFormat.of().formatHex(hash).substring(0, TAP_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /// `ip <arguments>` in the network's namespace.
    static List<String> ip(String network, String... arguments) {
        var command = new ArrayList<>(List.of("ip", "-n", name(network)));
        command.addAll(List.of(arguments));
        return command;
    }

    /// A program in the network's namespace.
    static List<String> in(String network, String... program) {
        var command = new ArrayList<>(List.of("nsenter", "--net=" + path(network)));
        command.addAll(List.of(program));
        return command;
    }
}
