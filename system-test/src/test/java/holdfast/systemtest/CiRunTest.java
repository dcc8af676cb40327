package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `.ci/run` around a test command that leaves everything behind and does not end well.
class CiRunTest {
    /// A loop device, two mounts of it, a network namespace, a card, and processes, one of which
    /// will not listen, outside the session of the run.
    private static final String UNTIDY =
            """
            #!/bin/bash
            set -e
            truncate -s 16M "$TMPDIR/disk.img"
            mke2fs -q "$TMPDIR/disk.img"
            loop=$(losetup --find --show "$TMPDIR/disk.img")
            mkdir "$TMPDIR/a mount" "$TMPDIR/mount"
            mount "$loop" "$TMPDIR/mount"
            mount "$loop" "$TMPDIR/a mount"
            ip netns add holdfast-untidy
            ip link add hf-untidy type bridge
            mkdir /sys/fs/bpf/holdfast/untidy
            setsid sleep 1000 &
            setsid bash -c 'trap "" TERM; cd "$TMPDIR/mount"; while :; do sleep 1; done' &
            echo "$TMPDIR" > "$(dirname "$0")/folder"
            exit 7
            """;

    /// On a machine of its own as far as a run looks at what was not there before, since tests
    /// beside this one make such things, too; and what is there afterwards.
    private static final String APART =
            """
            mount -t tmpfs none /run
            mount -t bpf none /sys/fs/bpf
            mkdir /sys/fs/bpf/holdfast
            "$1/.ci/run"
            status=$?
            cat /proc/mounts
            losetup --list
            ip netns list
            ip link show
            find /sys/fs/bpf
            exit $status
            """;

    /// Tells the run to end, and goes on for longer than a test may take.
    private static final String TOLD =
            """
            #!/bin/bash
            echo "$TMPDIR" > "$(dirname "$0")/folder"
            kill -TERM "$PPID"
            sleep 1000
            """;

    @TempDir Path folder;

    @Test
    void whatARunLeavesBehindIsRemovedAndItsStatusKept() throws Exception {
        var status = run(UNTIDY);
        var log = Files.readString(folder.resolve("log"));
        assertThat(status).as(log).isEqualTo(7);
        var used = Files.readString(folder.resolve("folder")).strip();
        assertThat(Path.of(used)).doesNotExist();
        var after = log.substring(log.indexOf("CI ended"));
        assertThat(after)
                .contains("/sys/fs/bpf/holdfast\n")
                .doesNotContain(used)
                .doesNotContain("untidy");
        assertThat(processesThatKnow(used)).isEmpty();
    }

    @Test
    void aRunThatIsToldToEndDoesNotWaitForItsTests() throws Exception {
        var status = run(TOLD);
        assertThat(status).as(Files.readString(folder.resolve("log"))).isEqualTo(143);
        var used = Files.readString(folder.resolve("folder")).strip();
        assertThat(Path.of(used)).doesNotExist();
        assertThat(processesThatKnow(used)).isEmpty();
    }

    /// @param tests what the run finds as the test command
    /// @return the run's exit status
    private int run(String tests) throws IOException, InterruptedException {
        assumeTrue("root".equals(System.getProperty("user.name")), "mounts need root");
        Files.createDirectory(folder.resolve(".ci"));
        var script = Files.copy(Checkout.root().resolve(".ci/run"), folder.resolve(".ci/run"));
        var command = Files.writeString(folder.resolve("run-tests"), tests);
        assertThat(script.toFile().setExecutable(true) && command.toFile().setExecutable(true))
                .isTrue();
        return new ProcessBuilder(
                        "unshare", "--mount", "--net", "sh", "-c", APART, "sh", folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start()
                .waitFor();
    }

    /// Processes with the folder in their environment. One that ends meanwhile is none.
    private static List<String> processesThatKnow(String used) throws IOException {
        var found = new ArrayList<String>();
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var process : processes) {
                try {
                    var environment = Files.readAllBytes(process.resolve("environ"));
                    if (new String(environment, StandardCharsets.ISO_8859_1).contains(used)) {
                        found.add(process.toString());
                    }
                } catch (IOException _) {
                    // ended, or the kernel's own
                }
            }
        }
        return found;
    }
}
