package holdfast.server;

import holdfast.base.RefusalException;
import holdfast.control.ControlSettings;
import holdfast.control.Quotas;
import holdfast.control.StagingTypes;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StoreSettings;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/// What an operator may set of the server; docs/operations/server.md lists the keys.
///
/// @param data directory for everything that is kept
/// @param listen where the HTTP API listens; agents must reach it to enrol
/// @param replicationListen where agents are received
/// @param address host name or address by which agents reach this server; if empty, the one by
///   which each reached it to enrol
/// @param journalWindow how far back every second is recoverable
/// @param extentCacheBytes data that was read lately and is kept in memory
/// @param mapCacheBytes parts of the volumes' maps that are kept in memory
/// @param storageClasses directories of staging areas of their own, by storage class
public record ServerSettings(
        Path data,
        InetSocketAddress listen,
        InetSocketAddress replicationListen,
        Optional<String> address,
        Duration journalWindow,
        long extentCacheBytes,
        long mapCacheBytes,
        Map<String, Path> storageClasses,
        ControlSettings control) {
    /// Settings in the data directory; those of the command line go before them.
    public static final String FILE = "holdfast.properties";

    /// What is before the class in the key of the directory of a storage class.
    public static final String STORAGE_CLASS = "storage-class.";

    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final StoreSettings STORE = StoreSettings.DEFAULT;
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,6})(s|m|h|d)");
    private static final Pattern BYTES = Pattern.compile("([0-9]{1,6})(k|m|g)");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
    private static final String NO_QUOTA = "none";
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:-]{1,253}");
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[^:\\[\\]]+):([0-9]{1,5})");

    /// Reads the settings file, if there is one, and lays the given settings over it.
    ///
    /// @param given by key, such as `listen`
    /// @throws RefusalException with every fault, if a key is unknown or a value malformed
    public static ServerSettings read(Path data, Map<String, String> given) throws IOException {
        var values = new TreeMap<String, String>();
        var file = data.resolve(FILE);
        if (Files.exists(file)) {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new RefusalException(
                        "malformed-settings", file + " exceeds " + FILE_BYTES_MAX + " bytes");
            }
            var properties = new Properties();
            properties.load(new StringReader(Files.readString(file)));
            for (var key : properties.stringPropertyNames()) {
                values.put(key, properties.getProperty(key).strip());
            }
        }
        values.putAll(given);
        return new Reading(values).settings(data.toAbsolutePath().normalize());
    }

    /// Collects all faults, so that they are mended in one go.
    private static final class Reading {
        private final Map<String, String> values;
        private final List<String> faults = new ArrayList<>();

        Reading(Map<String, String> values) {
            this.values = new HashMap<>(values);
        }

        ServerSettings settings(Path data) {
            var base = ControlSettings.DEFAULT;
            var settings =
                    new ServerSettings(
                            data,
                            take("listen", "0.0.0.0:8443", Reading::address),
                            take("replication-listen", "0.0.0.0:1500", Reading::address),
                            take("address", "", Reading::host),
                            duration("journal-window", STORE.journalWindow()),
                            bytes("extent-cache", STORE.extentCacheBytes()),
                            bytes("map-cache", STORE.mapCacheBytes()),
                            storageClasses(data),
                            new ControlSettings(
                                    take("snapshot-policy", "10m/1h 1h/1d 1d/7d", Reading::policy),
                                    duration("boot-timeout", base.bootTimeout()),
                                    duration("stop-timeout", base.stopTimeout()),
                                    duration("agent-silence", base.agentSilence()),
                                    duration("scrub-every", base.scrubEvery()),
                                    duration("reclaim-every", base.reclaimEvery()),
                                    new Quotas(
                                            quota("source-servers"),
                                            quota("jobs"),
                                            quota("servers-per-job"),
                                            quota("servers-in-jobs"),
                                            quota("source-networks"))));
            values.keySet().stream().sorted().forEach(key -> faults.add("unknown setting: " + key));
            if (!faults.isEmpty()) {
                throw new RefusalException("malformed-settings", String.join("; ", faults));
            }
            return settings;
        }

        private Map<String, Path> storageClasses(Path data) {
            var directories = new TreeMap<String, Path>();
            for (var key : List.copyOf(values.keySet())) {
                if (key.startsWith(STORAGE_CLASS)) {
                    try {
                        var name = storageClass(key.substring(STORAGE_CLASS.length()));
                        var directory = directory(String.valueOf(values.remove(key)), data);
                        if (directories.containsValue(directory)) {
                            throw new IllegalArgumentException(
                                    "another storage class has " + directory + " already");
                        }
                        directories.put(name, directory);
                    } catch (IllegalArgumentException e) {
                        values.remove(key);
                        faults.add(key + ": " + e.getMessage());
                    }
                }
            }
            return directories;
        }

        private static String storageClass(String text) {
            if (!StagingTypes.CLASSES.contains(text)) {
                throw new IllegalArgumentException(
                        "expected one of "
                                + String.join(", ", new TreeSet<>(StagingTypes.CLASSES))
                                + " (STANDARD is in the data directory), found "
                                + text);
            }
            return text;
        }

        private static Path directory(String text, Path data) {
            var directory = Path.of(text).normalize();
            if (!directory.isAbsolute() || directory.startsWith(data)) {
                throw new IllegalArgumentException(
                        "expected an absolute path outside of the data directory, found " + text);
            }
            return directory;
        }

        private long quota(String of) {
            return take("quota-" + of, NO_QUOTA, Reading::most);
        }

        private static long most(String text) {
            if (text.equals(NO_QUOTA)) {
                return Quotas.ENDLESS;
            }
            if (!NUMBER.matcher(text).matches()) {
                throw new IllegalArgumentException("expected a number, or none, found " + text);
            }
            return Long.parseLong(text);
        }

        private Duration duration(String key, Duration usual) {
            return take(key, usual.toSeconds() + "s", Reading::duration);
        }

        private long bytes(String key, long usual) {
            return take(key, (usual >> 10) + "k", Reading::bytes);
        }

        private static long bytes(String text) {
            var parts = BYTES.matcher(text);
            if (!parts.matches()) {
                throw new IllegalArgumentException(
                        "expected a size such as 512k, 64m or 1g, found " + text);
            }
            var count = Long.parseLong(parts.group(1));
            return switch (parts.group(2)) {
                case "k" -> count << 10;
                case "m" -> count << 20;
                case "g" -> count << 30;
                default -> throw new IllegalStateException("the pattern has other units");
            };
        }

        private <T> T take(String key, String usual, Function<String, T> parse) {
            var text = values.remove(key);
            if (text != null) {
                try {
                    return parse.apply(text);
                } catch (IllegalArgumentException e) {
                    faults.add(key + ": " + e.getMessage());
                }
            }
            return parse.apply(usual);
        }

        private static InetSocketAddress address(String text) {
            var parts = HOST_AND_PORT.matcher(text);
            if (!parts.matches() || Integer.parseInt(parts.group(2)) > 65535) {
                throw new IllegalArgumentException(
                        "expected <address>:<port>, such as 0.0.0.0:8443, found " + text);
            }
            var host = parts.group(1).replace("[", "").replace("]", "");
            var address = new InetSocketAddress(host, Integer.parseInt(parts.group(2)));
            if (address.isUnresolved()) {
                throw new IllegalArgumentException("no address of this name is known: " + host);
            }
            return address;
        }

        private static Optional<String> host(String text) {
            if (text.isEmpty()) {
                return Optional.empty();
            }
            if (!HOST.matcher(text).matches()) {
                throw new IllegalArgumentException(
                        "expected a host name or address, found " + text);
            }
            return Optional.of(text);
        }

        private static Duration duration(String text) {
            var parts = DURATION.matcher(text);
            if (!parts.matches() || Long.parseLong(parts.group(1)) == 0) {
                throw new IllegalArgumentException(
                        "expected a duration such as 30s, 10m, 24h or 7d, found " + text);
            }
            var count = Long.parseLong(parts.group(1));
            return switch (parts.group(2)) {
                case "s" -> Duration.ofSeconds(count);
                case "m" -> Duration.ofMinutes(count);
                case "h" -> Duration.ofHours(count);
                case "d" -> Duration.ofDays(count);
                default -> throw new IllegalStateException("the pattern has other units");
            };
        }

        private static SnapshotPolicy policy(String text) {
            var rules = new ArrayList<SnapshotPolicy.Rule>();
            for (var rule : text.split("\\s+", -1)) {
                var parts = rule.split("/", -1);
                if (parts.length != 2) {
                    throw new IllegalArgumentException(
                            "expected rules <every>/<kept for> such as 10m/1h, found " + rule);
                }
                rules.add(new SnapshotPolicy.Rule(duration(parts[0]), duration(parts[1])));
            }
            return new SnapshotPolicy(rules);
        }
    }

    /// Where the API listens, as text.
    static String text(InetSocketAddress address) {
        var host = address.getAddress().getHostAddress();
        return String.format(
                Locale.ROOT, host.contains(":") ? "[%s]:%d" : "%s:%d", host, address.getPort());
    }
}
