package holdfast.failback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.agent.DiskPlacement;
import holdfast.base.RefusalException;
import holdfast.tracking.Disks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every form of mapping with every form of value: what is right is understood, what is wrong is
/// refused with the device's name and what to do, and nothing is written. Image files stand for
/// disks, in a folder that stands for `/dev`.
class MappingTableTest {
    private static final int MIB = 1 << 20;
    private static final List<String> DISKS = List.of("sda", "sdb", "small", "own", "busy");

    @TempDir Path dev;
    private final Map<String, byte[]> contents = new LinkedHashMap<>();

    /// How a mapping is written.
    private enum Form {
        EQUALS {
            @Override
            String of(List<Map.Entry<String, String>> pairs) {
                return joined(pairs, "%s=%s", "", "");
            }
        },
        COLONS {
            @Override
            String of(List<Map.Entry<String, String>> pairs) {
                return joined(pairs, "%s:%s", "", "");
            }
        },
        OBJECT {
            @Override
            String of(List<Map.Entry<String, String>> pairs) {
                return joined(pairs, "\"%s\":\"%s\"", "{", "}");
            }
        },
        LIST {
            @Override
            String of(List<Map.Entry<String, String>> pairs) {
                return joined(
                        pairs,
                        "{\"recoveryInstanceDeviceName\": \"%s\",\"failbackClientDeviceName\": \"%s\"}",
                        "[",
                        "]");
            }
        };

        abstract String of(List<Map.Entry<String, String>> pairs);

        private static String joined(
                List<Map.Entry<String, String>> pairs, String pair, String first, String last) {
            return pairs.stream()
                    .map(one -> pair.formatted(one.getKey(), one.getValue()))
                    .collect(Collectors.joining(",", first, last));
        }
    }

    static Stream<Arguments> formsAndFormats() {
        return Arrays.stream(Form.values())
                .flatMap(form ->
                        Arrays.stream(ValueFormat.values())
                                .map(format -> Arguments.of(form, format)));
    }

    @BeforeEach
    void disks() throws IOException {
        for (var name : DISKS) {
            var content = new byte[name.equals("small") ? MIB : 8 * MIB];
            Arrays.fill(content, (byte) name.hashCode());
            contents.put(name, content);
            Files.write(dev.resolve(name), content);
            for (var folder : List.of("by-path", "by-id", "by-uuid")) {
                var link = dev.resolve("disk").resolve(folder).resolve(folder + ":0-" + name);
                Files.createDirectories(link.getParent());
                Files.createSymbolicLink(link, dev.resolve(name));
            }
        }
        Files.createSymbolicLink(dev.resolve("disk/by-id/both"), dev.resolve("sda"));
        Files.createSymbolicLink(dev.resolve("disk/by-uuid/both"), dev.resolve("sdb"));
        Files.writeString(
                dev.resolve("mountinfo"),
                "36 35 98:0 / " + dev.resolve("busy") + " rw,noatime - ext4 /dev/busy rw\n");
    }

    @AfterEach
    void nothingWasWritten() throws IOException {
        for (var name : DISKS) {
            assertThat(Files.readAllBytes(dev.resolve(name))).isEqualTo(contents.get(name));
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("formsAndFormats")
    void whatIsRightIsUnderstood(Form form, ValueFormat format) throws IOException {
        var both = map(form, format, "/dev/xvda", "sda", "/dev/xvdb", "sdb");
        assertThat(both)
                .extracting(disk -> disk.recovery().name() + " " + disk.local().path())
                .containsExactly(
                        "/dev/xvda " + dev.resolve("sda").toRealPath(),
                        "/dev/xvdb " + dev.resolve("sdb").toRealPath());
        var one = map(form, format, "/dev/xvda", "EXCLUDE", "/dev/xvdb", "sdb");
        assertThat(one)
                .extracting(disk -> disk.recovery().name() + " " + disk.local().path())
                .containsExactly("/dev/xvdb " + dev.resolve("sdb").toRealPath());
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("formsAndFormats")
    void whatIsWrongIsRefusedWithTheDeviceAndTheRemedy(Form form, ValueFormat format) {
        refused(form, format, "none names no local device as " + format.text(), "this machine has")
                .by("/dev/xvda", "none", "/dev/xvdb", "EXCLUDE");
        refused(form, format, "/dev/xvdb has no local device", "add /dev/xvdb=<device>")
                .by("/dev/xvda", "sda");
        refused(form, format, "/dev/other is no disk of instance i-1", "correct its name")
                .by("/dev/xvda", "sda", "/dev/xvdb", "sdb", "/dev/other", "EXCLUDE");
        refused(form, format, "/sda is named for both /dev/xvda and /dev/xvdb", "name another")
                .by("/dev/xvda", "sda", "/dev/xvdb", "sda");
        var twice = form == Form.OBJECT ? "Duplicate" : "/dev/xvda is named twice: name it once";
        refused(form, format, "/dev/xvda", twice)
                .by("/dev/xvda", "sda", "/dev/xvda", "sdb", "/dev/xvdb", "EXCLUDE");
        refused(form, format, "/small has 1048576 bytes and is too small for /dev/xvda", "choose a")
                .by("/dev/xvda", "small", "/dev/xvdb", "EXCLUDE");
        refused(form, format, "/own is the disk that this client runs from", "boot the machine")
                .by("/dev/xvda", "own", "/dev/xvdb", "EXCLUDE");
        refused(form, format, "/busy is mounted at " + dev.resolve("busy"), "unmount it")
                .by("/dev/xvda", "busy", "/dev/xvdb", "EXCLUDE");
        refused(form, format, "every disk is excluded", "name a local device")
                .by("/dev/xvda", "EXCLUDE", "/dev/xvdb", "EXCLUDE");
        // all faults at once
        refused(form, format, "/small has 1048576 bytes", "/busy is mounted")
                .by("/dev/xvda", "small", "/dev/xvdb", "busy");
        if (format == ValueFormat.ALL_STRICT) {
            refused(form, format, "both names several devices", "use a --dm-value-format")
                    .by("/dev/xvda", "both", "/dev/xvdb", "EXCLUDE");
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("formsAndFormats")
    void theWholeMappingMayBeTypedAtThePrompt(Form form, ValueFormat format) throws IOException {
        var whole = form.of(pairs(format, "/dev/xvda", "sdb", "/dev/xvdb", "EXCLUDE"));
        for (var quote : List.of("", "\"", "'")) {
            var mapper = mapper(format, "ALL=" + quote + whole + quote);
            assertThat(mapper.map(instance(), Optional.empty()))
                    .extracting(disk -> disk.local().path())
                    .containsExactly(dev.resolve("sdb").toRealPath());
        }
        var each = mapper(format, value(format, "sdb"), "EXCLUDE");
        assertThat(each.map(instance(), Optional.empty()))
                .extracting(disk -> disk.local().path())
                .containsExactly(dev.resolve("sdb").toRealPath());
    }

    @FunctionalInterface
    private interface Refusal {
        void by(String... pairs);
    }

    private Refusal refused(Form form, ValueFormat format, String what, String remedy) {
        return pairs ->
                assertThatThrownBy(() -> map(form, format, pairs))
                        .isInstanceOf(RefusalException.class)
                        .hasMessageContaining(what)
                        .hasMessageContaining(remedy);
    }

    private List<MappedDisk> map(Form form, ValueFormat format, String... pairs)
            throws IOException {
        return mapper(format).map(instance(), Optional.of(form.of(pairs(format, pairs))));
    }

    private List<Map.Entry<String, String>> pairs(ValueFormat format, String... names) {
        return Stream.iterate(0, i -> i < names.length, i -> i + 2)
                .map(i -> Map.entry(names[i], value(format, names[i + 1])))
                .toList();
    }

    /// How the format names that disk.
    private String value(ValueFormat format, String disk) {
        if (!DISKS.contains(disk)) {
            return disk;
        }
        return switch (format) {
            case DEV_NAME -> disk.equals("sda") ? disk : dev.resolve(disk).toString();
            case BY_PATH, BY_ID, BY_UUID -> format.text() + ":0-" + disk;
            case ALL_STRICT -> disk.equals("sda") ? "by-path:0-sda" : "by-uuid:0-" + disk;
        };
    }

    private Mapper mapper(ValueFormat format, String... answers) {
        var disks =
                new LocalDisks(
                        Disks.local(),
                        DiskPlacement.local(),
                        dev,
                        dev.resolve("mountinfo"),
                        List.of(dev.resolve("own")));
        return new Mapper(disks, format, new Answering(answers), answers.length > 0);
    }

    private static Instance instance() {
        return new Instance(
                "i-1",
                "web1",
                false,
                "RUNNING",
                "NOT_STARTED",
                OptionalLong.empty(),
                Optional.empty(),
                List.of(
                        new Instance.Disk("/dev/xvda", 8 * MIB, "", ""),
                        new Instance.Disk("/dev/xvdb", 4 * MIB, "", "")),
                List.of());
    }
}
