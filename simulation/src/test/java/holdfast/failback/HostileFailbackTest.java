package holdfast.failback;

import holdfast.base.RefusalException;
import holdfast.hostile.HostileInput;
import holdfast.simulation.MemoryFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What the operator, the server and a damaged folder may give the failback client.
class HostileFailbackTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void deviceMappings() throws Exception {
        new HostileInput(
                        List.of(
                                bytes("/dev/xvda=/dev/sda,/dev/xvdb=EXCLUDE"),
                                bytes("/dev/xvda:/dev/sda"),
                                bytes("{\"/dev/xvda\": \"/dev/sda\", \"/dev/xvdb\": \"EXCLUDE\"}"),
                                bytes(
                                        "[{\"recoveryInstanceDeviceName\": \"/dev/xvda\","
                                                + " \"failbackClientDeviceName\": \"/dev/sda\"}]")),
                        1 << 20,
                        RefusalException.class)
                .feed(input -> DeviceMapping.parse(text(input)));
    }

    @Test
    void instances() throws Exception {
        new HostileInput(
                        List.of(
                                bytes(
                                        "{\"instances\":[{\"id\":\"i-1\",\"hostname\":\"db\","
                                                + "\"drill\":false,\"state\":\"RUNNING\","
                                                + "\"failback\":\"READY\",\"lastPoint\":7,\"uefi\":true,"
                                                + "\"disks\":[{\"name\":\"/dev/sda\",\"sizeBytes\":4096,"
                                                + "\"model\":\"m\",\"serial\":\"s\"}],"
                                                + "\"networkInterfaces\":[\"eth0 02:00:00:00:00:01\"]}]}")),
                        1 << 20,
                        JacksonException.class)
                .feed(input -> {
                    for (var one : Instance.all(JsonMapper.shared().readTree(text(input)))) {
                        one.fits(List.of());
                        one.recoveredFrom(List.of("eth0 02:00:00:00:00:01"), List.of());
                    }
                });
    }

    @Test
    void standings() throws Exception {
        var files = MemoryFiles.empty();
        var folder = Path.of("/state");
        var standing = folder.resolve("failback.json");
        byte[] sound;
        try (var directory = FailbackDirectory.open(files, folder)) {
            directory.save(
                    new FailbackDirectory.Kept(
                            "i-1",
                            "fbc-1",
                            "server:1500",
                            "boot",
                            List.of(new FailbackDirectory.Disk("/dev/sda", "/dev/sdb", 4096)),
                            new Position.Equal(7, Instant.EPOCH, true)));
            try (var file = files.openForReading(standing)) {
                var read = ByteBuffer.allocate((int) file.sizeBytes());
                file.read(read, 0);
                sound = read.array();
            }
            new HostileInput(List.of(sound), 4 << 20, IOException.class, RefusalException.class)
                    .feed(input -> {
                        try (var file = files.openForWriting(standing)) {
                            file.truncate(0);
                            file.write(ByteBuffer.wrap(input), 0);
                            file.sync();
                        }
                        directory.standing();
                    });
        }
    }
}
