package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QemuCommandTest {
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final MachineDirectory DIRECTORY = MachineDirectory.of(Path.of("/h"), "ri-1");

    @Test
    void aMachineWithABiosIsStartedSo() {
        var command =
                new QemuCommand(QEMU, Optional.empty(), true)
                        .of(record(false, "serial-a", "serial-b"), DIRECTORY);

        assertThat(String.join(" ", command))
                .isEqualTo(
                        String.join(
                                " ",
                                "setsid /usr/bin/qemu-system-x86_64 -name web1 (ri-1)",
                                "-uuid b441bfa7-f20f-3e7c-af6d-f1852ca6d9fa",
                                "-nodefaults -no-user-config -display none -vga std",
                                "-msg timestamp=on -pidfile /h/machines/ri-1/pid",
                                "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                                "-machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max",
                                "-smp 2 -m 768M -boot strict=on -nic none",
                                "-chardev socket,server=on,wait=off,id=control,path=/h/machines/ri-1/qmp.sock",
                                "-mon chardev=control,mode=control",
                                "-chardev socket,server=on,wait=off,id=console,path=/h/machines/ri-1/console.sock,logappend=on,logfile=/h/evidence/ri-1/console.log",
                                "-serial chardev:console",
                                "-chardev file,id=firmware,path=/h/evidence/ri-1/firmware.log,append=on",
                                "-device isa-debugcon,iobase=0x402,chardev=firmware",
                                "-chardev socket,server=on,wait=off,id=agent,path=/h/machines/ri-1/agent.sock",
                                "-device virtio-serial-pci",
                                "-device virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
                                "-device virtio-rng-pci -object iothread,id=disk-thread",
                                disk(0, "serial-a"),
                                disk(1, "serial-b")));
    }

    private static String disk(int index, String serial) {
        var node =
                """
                {"driver":"nbd","node-name":"disk%d","server":{"type":"unix","path":"/n/d.sock"},\
                "export":"vol","open-timeout":10,"reconnect-delay":300,"discard":"unmap"}\
                """;
        var device =
                """
                {"driver":"virtio-blk-pci","drive":"disk%d","serial":"%s","bootindex":%d,\
                "iothread":"disk-thread","werror":"stop","rerror":"stop"}\
                """;
        return "-blockdev "
                + node.formatted(index)
                + " -device "
                + device.formatted(index, serial, index + 1);
    }

    @Test
    void aMachineWithUefiHasVariablesOfItsOwn() {
        var code = Path.of("/usr/share/OVMF/OVMF_CODE_4M.fd");
        var command =
                new QemuCommand(QEMU, Optional.of(code), false).of(record(true, "s"), DIRECTORY);

        assertThat(command)
                .containsSubsequence(
                        "-blockdev",
                        "{\"driver\":\"raw\",\"node-name\":\"uefi-code\",\"read-only\":true,"
                                + "\"file\":{\"driver\":\"file\",\"filename\":\"/usr/share/OVMF/OVMF_CODE_4M.fd\"}}",
                        "-blockdev",
                        "{\"driver\":\"raw\",\"node-name\":\"uefi-variables\",\"read-only\":false,"
                                + "\"file\":{\"driver\":\"file\",\"filename\":\"/h/machines/ri-1/uefi-variables\"}}",
                        "-machine",
                        "q35,pflash0=uefi-code,pflash1=uefi-variables")
                .doesNotContain("-sandbox");
    }

    /// In QEMU's option lists an unescaped comma would begin an option of the attacker's choice.
    @Test
    void commasInNamesAndPathsStayWithinTheirOption() {
        var directory = MachineDirectory.of(Path.of("/a,b"), "ri-1");
        var record = record(false, "s");
        var spec = record.spec();
        var named =
                new MachineSpec("ri-1", "web1,debug-threads=on", 1, 1 << 30, false, spec.disks());

        var command =
                new QemuCommand(QEMU, Optional.empty(), true)
                        .of(
                                new LaunchRecord(
                                        named,
                                        record.accelerator(),
                                        record.grant(),
                                        record.launchedAt()),
                                directory);

        assertThat(command)
                .contains("web1,,debug-threads=on (ri-1)")
                .contains("socket,server=on,wait=off,id=control,path=/a,,b/machines/ri-1/qmp.sock")
                .contains("/a,b/machines/ri-1/pid"); // a plain value, not a list
    }

    @Test
    void aSerialThatTheGuestCannotShowIsRefused() {
        var command = new QemuCommand(QEMU, Optional.empty(), true);
        assertThatThrownBy(() -> command.of(record(false, "x".repeat(21)), DIRECTORY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 20 characters");
    }

    private static LaunchRecord record(boolean uefi, String... serials) {
        var disks =
                List.of(serials).stream()
                        .map(serial -> new MachineSpec.Disk(Path.of("/n/d.sock"), "vol", serial))
                        .toList();
        return new LaunchRecord(
                new MachineSpec("ri-1", "web1", 4, 1 << 30, uefi, disks),
                new Accelerator(Accelerator.Kind.TCG, "no /dev/kvm"),
                new HostCapacity.Grant(2, 768 << 20, "given 2 of 4 processors"),
                Instant.parse("2026-11-21T08:00:00Z"));
    }
}
