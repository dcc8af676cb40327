package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsoleTextTest {
    /// As OVMF, GRUB, Linux and systemd wrote it, with the middle left out.
    private static final String BOOT =
            "\33[2J\33[01;01H\33[=3h\33[2J\33[01;01HBdsDxe: loading Boot0001 \"UEFI Misc Device\"\r\n"
                    + "\33[0m\33[30m\33[47mWelcome to GRUB!\n\r\n\r\33[0m\33[37m\33[40m\33[H\33[J\33[1;1H"
                    + "[    0.000000] Linux version 6.1.0-56-cloud-amd64\r\n"
                    + "[    2.618061] Run /init as init process\r\n"
                    + "[\33[0;32m  OK  \33[0m] Started \33[0;1;39mgetty@tty1.service\33[0m - Getty on tty1.\r\n"
                    + "[\33[0;32m  OK  \33[0m] Reached target \33[0;1;39mgetty.target\33[0m - Login Prompts.\r\n"
                    + "\r\nDebian GNU/Linux 12 web1 ttyS0\r\n\r\n\33]0;web1\7web1 login:";

    @RepeatedTest(50)
    void thePromptIsFoundHoweverTheBytesArrive(RepetitionInfo repetition) {
        var seed = repetition.getCurrentRepetition();
        var random = new SplittableRandom(seed);
        var bytes = BOOT.getBytes(StandardCharsets.UTF_8);
        var text = new ConsoleText();
        Optional<BootSign> sign = Optional.empty();
        for (var at = 0; at < bytes.length; ) {
            var end = Math.min(bytes.length, at + random.nextInt(1, 40));
            assertThat(sign).as("seed %d, before byte %d", seed, at).isEmpty();
            sign = text.accept(Arrays.copyOfRange(bytes, at, end));
            at = end;
        }
        assertThat(sign).as("seed %d", seed).contains(new BootSign.LoginPrompt("web1 login:"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "web1 login:",
                "\r\nweb1 login: ",
                "host.example.com login: ",
                "login: ",
                "web1 login: [   12.345678] random: crng init done\r\nmore",
                "Starting all [   12.345678] random: crng init done\r\n\r\nweb1 login: ",
                "web1 lo[   12.345678] random: crng init done\r\ngin: ",
                "\r\nweb1 l[    9.345678] one\r\n[    9.345679] two\r\no[   10.345680] three\r\ngin: ",
                "\33[32mweb1\33[0m login: ",
                "Booting\33[Hweb1 login: ",
                "\33(Bweb1 login: "
            })
    void promptsAreRecognised(String shown) {
        assertThat(signOf(shown).orElseThrow()).isInstanceOf(BootSign.LoginPrompt.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "web1 login: root",
                "Last login: ",
                "Last login: Sat Nov 21 08:00:00 UTC 2026 on ttyS0",
                "audit: failed login: x",
                "Reached target Login Prompts.",
                "web1 logi",
                ""
            })
    void otherLinesAreNoPrompts(String shown) {
        assertThat(signOf(shown)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[    3.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n",
                "You are in emergency mode. After logging in, type \"journalctl -xb\"",
                "error: no such partition.\r\nEntering rescue mode...\r\ngrub rescue> ",
                "GNU GRUB  version 2.06\r\n\r\ngrub> ",
                "ALERT!  UUID=1 does not exist.  Dropping to a shell!\r\n(initramfs) ",
                "dracut:/# ",
                "\33[2J\33[01;01HBdsDxe: No bootable option or device was found.\r\n",
                "No bootable device.  Retrying in 60 seconds.\n",
                "UEFI Interactive Shell v2.2\r\nShell> "
            })
    void haltsAreRecognised(String shown) {
        assertThat(signOf(shown).orElseThrow()).isInstanceOf(BootSign.Halt.class);
    }

    @Test
    void noiseBeforeAMessageOfTheKernelsHidesNothing() {
        var text = new ConsoleText();
        var noise = new byte[4000];
        Arrays.fill(noise, (byte) 0xff);
        text.accept(noise);
        assertThat(text.accept(bytes("[    1.000000] x\r\n\r\nweb1 login: ")).orElseThrow())
                .isInstanceOf(BootSign.LoginPrompt.class);
    }

    @Test
    void theFirstSignCounts() {
        var text = new ConsoleText();
        text.accept(bytes("[ 1.0] Kernel panic - not syncing: x\r\n"));
        assertThat(text.accept(bytes("web1 login: ")))
                .contains(new BootSign.Halt("[ 1.0] Kernel panic - not syncing: x"));
    }

    @Test
    void theLastLineIsTheNewestThatSaysAnything() {
        var text = new ConsoleText();
        assertThat(text.lastLine()).isEmpty();
        text.accept(bytes("one\r\n\33[1mtwo\33[0m\r\n\r\n"));
        assertThat(text.lastLine()).isEqualTo("two");
        text.accept(bytes("thr"));
        assertThat(text.lastLine()).isEqualTo("thr");
        text.accept(bytes("ee é\r"));
        assertThat(text.lastLine()).isEqualTo("three é");
        text.accept(bytes("\nfo[    3.456789] the kernel\r\n"));
        assertThat(text.lastLine()).isEqualTo("[    3.456789] the kernel");
        text.accept(bytes("ur"));
        assertThat(text.lastLine()).isEqualTo("four");
    }

    @Test
    void aLineWithoutEndCostsNoMemory() {
        var text = new ConsoleText();
        var noise = new byte[1 << 20];
        Arrays.fill(noise, (byte) 'x');
        for (var i = 0; i < 16; i++) {
            text.accept(noise);
        }
        assertThat(text.lastLine()).hasSize(4096);
    }

    private static Optional<BootSign> signOf(String shown) {
        return new ConsoleText().accept(bytes(shown));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
