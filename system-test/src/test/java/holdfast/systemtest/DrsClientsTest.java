package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A whole programme with boto3 and one with Debian's AWS CLI, beside each other: initialise,
/// template, agent, wait for CONTINUOUS, points, drill, job log, terminate, recover at a chosen
/// point, disconnect, delete; with boto3 also a plan of two servers and a wait between them. Real
/// machines in QEMU, which boot within a second.
@Tag("long")
class DrsClientsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @Test
    void botoAndTheCommandLineRunAWholeProgramme() throws Exception {
        try (var lab = Lab.open("clients")) {
            lab.installation.startServer();
            var machines = lab.keep(new TinyMachines(lab));
            var clients = new DrsFixture(lab, lab.directory);
            try (var boto =
                    Programme.start(
                            clients, clients.firstKey(), "/usr/bin/python3", "drs_programme.py")) {
                boto.await("template made");
                // with one key, equal calls of both in one second would count as a replay
                var own = clients.newKey("admin");
                try (var command = Programme.start(clients, own, "/bin/bash", "drs_programme.sh")) {
                    command.await("template changed");
                    run(clients, machines, boto, command);
                }
            }
        }
    }

    private static void run(
            DrsFixture clients, TinyMachines machines, Programme boto, Programme command)
            throws IOException, InterruptedException {
        command.agents(machines.protect("cli"));
        var one = machines.protect("one");
        var two = machines.protect("two");
        boto.agents(one + " " + two);
        assertThat(command.end())
                .containsExactly(
                        "log JOB_START SNAPSHOT_START SNAPSHOT_END LAUNCH_START JOB_END",
                        "recovered RUNNING",
                        "DISCONNECTED",
                        "left 0",
                        identity(clients));
        assertThat(boto.end())
                .containsExactly(
                        "drill LAUNCHED",
                        "log JOB_START SNAPSHOT_START SNAPSHOT_END LAUNCH_START JOB_END",
                        "terminated TERMINATED",
                        "recovered LAUNCHED",
                        "plan COMPLETED",
                        "deleted 2",
                        "skew refused");
        assertThat(machines.running()).isEmpty();
    }

    private static String identity(DrsFixture clients) throws IOException, InterruptedException {
        return clients.aws(
                        clients.firstKey(),
                        "sts",
                        "get-caller-identity",
                        "--query",
                        "Arn",
                        "--output",
                        "text")
                .orThrow()
                .strip();
    }

    /// A script of ours that runs one, and waits for agents when it has made a template.
    private record Programme(DrsFixture clients, String name, Process process)
            implements AutoCloseable {
        static Programme start(
                DrsFixture clients, DrsFixture.Key key, String interpreter, String name)
                throws IOException {
            var script = clients.lab.directory.resolve(name);
            try (var in = DrsClientsTest.class.getResourceAsStream(name)) {
                Files.write(script, in.readAllBytes());
            }
            var line =
                    clients.debianCommand(
                            key,
                            interpreter,
                            script.toString(),
                            clients.endpoint().toString(),
                            Long.toString(PATIENCE.toSeconds()));
            return new Programme(
                    clients,
                    name,
                    clients.lab.processes.start(
                            new ProcessBuilder(line)
                                    .redirectErrorStream(true)
                                    .redirectOutput(log(clients, name).toFile())));
        }

        private static Path log(DrsFixture clients, String name) {
            return clients.lab.directory.resolve(name + ".log");
        }

        private List<String> said() throws IOException {
            return Files.readAllLines(log(clients, name));
        }

        void await(String line) throws IOException, InterruptedException {
            clients.lab.installation.await(
                    name + ": " + line, process, PATIENCE, () -> !said().isEmpty());
            assertThat(said()).containsExactly(line);
        }

        void agents(String ids) throws IOException {
            process.getOutputStream().write((ids + "\n").getBytes(StandardCharsets.US_ASCII));
            process.getOutputStream().flush();
        }

        /// @return what it said since the template
        List<String> end() throws IOException, InterruptedException {
            assertThat(process.waitFor(PATIENCE)).as(() -> name + " goes on").isTrue();
            assertThat(process.exitValue()).as("%s: %s", name, said()).isZero();
            return said().subList(1, said().size());
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().onExit().join();
        }
    }
}
