package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Clients sign equal calls within one second alike, as a replay would be signed. Users of AWS CLI
/// and boto3, which try again as they usually do, notice nothing of that.
class EqualCallsTest {
    @Test
    @Tag("long")
    void equalCallsInATightLoopSucceed() throws Exception {
        try (var lab = Lab.open("equal")) {
            lab.installation.startServer();
            var clients = new DrsFixture(lab, lab.directory);
            var script = lab.directory.resolve("equal_calls.py");
            try (var in = EqualCallsTest.class.getResourceAsStream("equal_calls.py")) {
                Files.write(script, in.readAllBytes());
            }
            try (var drs = clients.client(clients.firstKey())) {
                drs.initializeService(r -> {});
                var arn =
                        drs.createLaunchConfigurationTemplate(r -> {})
                                .launchConfigurationTemplate()
                                .arn();
                // two at once, with one key
                var looping =
                        List.of("python3", script.toString(), clients.endpoint().toString(), arn);
                run(clients, added(looping, "20", "tag"), added(looping, "20", "tag"));
                // each call is one that a replay would undo
                run(clients, added(looping, "3", "turn"));
                // many processes
                var once =
                        List.of(
                                "aws",
                                "--endpoint-url",
                                clients.endpoint().toString(),
                                "drs",
                                "tag-resource",
                                "--resource-arn",
                                arn,
                                "--tags",
                                "cli=set");
                run(clients, once, once, once);
                assertThat(drs.listTagsForResource(r -> r.resourceArn(arn)).tags())
                        .isEqualTo(Map.of("tag", "set", "cli", "set"));
            }
        }
    }

    private static List<String> added(List<String> command, String... more) {
        var all = new ArrayList<>(command);
        all.addAll(List.of(more));
        return all;
    }

    /// Runs commands at a time, with the usual tries.
    @SafeVarargs
    private static void run(DrsFixture clients, List<String>... commands) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<?>>();
            for (var command : commands) {
                var line = new ArrayList<>(List.of("env", "-u", "AWS_MAX_ATTEMPTS"));
                line.add("/usr/bin/" + command.getFirst());
                line.addAll(command.subList(1, command.size()));
                running.add(
                        threads.submit(() ->
                                clients.debian(clients.firstKey(), line.toArray(String[]::new))
                                        .orThrow()));
            }
            for (var one : running) {
                one.get();
            }
        }
    }
}
