package holdfast.failback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Each example of the Failback Client's documentation means what it says there. Where that ends in
/// dots, the dots are left out.
class DeviceMappingTest {
    private static final Map<String, String> THREE =
            Map.of(
                    "recovery_device1", "local_device1",
                    "recovery_device2", "local_device2",
                    "recovery_device3", "EXCLUDE");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "recovery_device1=local_device1,recovery_device2=local_device2,recovery_device3=EXCLUDE",
                "recovery_device1:local_device1,recovery_device2:local_device2,recovery_device3:EXCLUDE",
                " recovery_device1 = local_device1 , recovery_device2 = local_device2 , recovery_device3 = EXCLUDE ",
                "{\"recovery_device1\":\"local_device1\",\"recovery_device2\":\"local_device2\",\"recovery_device3\":\"EXCLUDE\"}",
                "\"recovery_device1=local_device1,recovery_device2=local_device2,recovery_device3=EXCLUDE\"",
                "'{\"recovery_device1\":\"local_device1\",\"recovery_device2\":\"local_device2\",\"recovery_device3\":\"EXCLUDE\"}'",
                "[{\"recoveryInstanceDeviceName\": \"recovery_device1\",\"failbackClientDeviceName\": \"local_device1\"},{\"recoveryInstanceDeviceName\": \"recovery_device2\",\"failbackClientDeviceName\": \"local_device2\"},{\"recoveryInstanceDeviceName\": \"recovery_device3\",\"failbackClientDeviceName\": \"EXCLUDE\"}]",
            })
    void allFormsSayTheSame(String text) {
        assertThat(plain(text)).isEqualTo(THREE);
    }

    @Test
    void theExamplesOfTheDocumentation() {
        assertThat(
                        plain(
                                "{\"/dev/xvdb\":\"/dev/sdb\",\"/dev/xvdc\":\"/dev/sdc\",\"recovery_device3\":\"local_device3\"}"))
                .isEqualTo(
                        Map.of(
                                "/dev/xvdb", "/dev/sdb",
                                "/dev/xvdc", "/dev/sdc",
                                "recovery_device3", "local_device3"));
        assertThat(plain("/dev/nvme2n1=/dev/sda,/dev/nvme0n1=EXCLUDE"))
                .isEqualTo(Map.of("/dev/nvme2n1", "/dev/sda", "/dev/nvme0n1", "EXCLUDE"));
        var byPath =
                Map.of(
                        "/dev/nvme2n1", "pci-0000:00:10.0-scsi-0:0:0:0",
                        "/dev/nvme0n1", "pci-0000:00:10.0-scsi-0:0:1:0",
                        "/dev/nvme3n1", "pci-0000:00:10.0-scsi-0:0:2:0");
        assertThat(
                        plain(
                                "/dev/nvme2n1=pci-0000:00:10.0-scsi-0:0:0:0,/dev/nvme0n1=pci-0000:00:10.0-scsi-0:0:1:0,/dev/nvme3n1=pci-0000:00:10.0-scsi-0:0:2:0"))
                .isEqualTo(byPath);
        assertThat(
                        plain(
                                "{\"/dev/nvme2n1\":\"pci-0000:00:10.0-scsi-0:0:0:0\",\"/dev/nvme0n1\":\"pci-0000:00:10.0-scsi-0:0:1:0\",\"/dev/nvme3n1\":\"pci-0000:00:10.0-scsi-0:0:2:0\"}"))
                .isEqualTo(byPath);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/dev/sda|names one disk, and not two",
                "a=b,a=c|a is named twice",
                "a=|are no pair of disks",
                "{|it is not JSON",
                "{}|it is empty",
                "{\"a\":\"b\",\"a\":\"c\"}|it is not JSON: Duplicate",
                "{\"a\":\"b\"} more|it is not JSON",
                "[{\"recoveryInstanceDeviceName\": \"a\"}]|a device's name is missing",
                "{\"a\": 1}|a device's name is missing",
            })
    void whatIsNoneIsRefusedWithTheRemedy(String text, String why) {
        assertThatThrownBy(() -> DeviceMapping.parse(text))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(why)
                .hasMessageContaining("write recovery_device=local_device");
    }

    private static Map<String, String> plain(String text) {
        var plain = new LinkedHashMap<String, String>();
        DeviceMapping.parse(text)
                .values()
                .forEach((recovery, local) -> plain.put(recovery, local.orElse("EXCLUDE")));
        return plain;
    }
}
