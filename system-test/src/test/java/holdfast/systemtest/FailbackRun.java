package holdfast.systemtest;

import holdfast.demo.Installation.Condition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How one recovery instance comes home to disks of this machine: the client, started as often as
/// wanted, where its folder says that the disks stand, and what the server says. A lab ends the
/// clients. One thread uses it.
///
/// Later runs of the same lab go on with the folder of the earlier ones.
final class FailbackRun {
    static final Duration MAX = Duration.ofMinutes(5);

    private final Lab lab;
    private final String instance;
    private final Map<String, Path> mapping;
    private int clients;

    /// @param mapping by name of the instance's disk what is to be written; its owner may still
    ///   change it until a client is started
    FailbackRun(Lab lab, String instance, Map<String, Path> mapping) {
        this.lab = lab;
        this.instance = instance;
        this.mapping = mapping;
    }

    String instance() {
        return instance;
    }

    /// The client's folder.
    Path state() {
        return lab.directory.resolve("client");
    }

    /// The client's command line, with the server's first key.
    List<String> command(String... more) throws IOException {
        return command(DrsFixture.firstKey(lab), more);
    }

    /// @param key that the client is admitted with
    List<String> command(DrsFixture.Key key, String... more) {
        var pairs = mapping.entrySet().stream().map(pair -> pair.getKey() + "=" + pair.getValue());
        var arguments =
                new ArrayList<>(
                        List.of(
                                "failback",
                                "--endpoint",
                                lab.installation.url(),
                                "--ca-bundle",
                                lab.installation.data().resolve("ca.pem").toString(),
                                "--aws-access-key-id",
                                key.id(),
                                "--aws-secret-access-key",
                                key.secret(),
                                "--recovery-instance-id",
                                instance,
                                "--device-mapping",
                                String.join(",", pairs.toList()),
                                "--no-prompt",
                                "--json",
                                "--log-file",
                                lab.directory.resolve("client.log").toString(),
                                "--state",
                                state().toString()));
        arguments.addAll(List.of(more));
        return Lab.HOLDFAST.command(arguments);
    }

    /// Starts the client, in the process that is returned.
    Process client() throws IOException {
        return start(command("--foreground"));
    }

    Process start(List<String> command) throws IOException {
        return start(command, "");
    }

    /// @param input that it reads
    Process start(List<String> command, String input) throws IOException {
        var answers = Files.writeString(lab.directory.resolve("answers"), input);
        var name = "client-" + clients++;
        var process =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectInput(answers.toFile())
                                .redirectOutput(lab.directory.resolve(name + ".out").toFile())
                                .redirectError(lab.directory.resolve(name + ".err").toFile()));
        lab.keep(process::destroyForcibly);
        return process;
    }

    /// What the newest client printed.
    String output() throws IOException {
        return Files.readString(lab.directory.resolve("client-" + (clients - 1) + ".out"));
    }

    /// What it said on standard error.
    String complaints() throws IOException {
        return Files.readString(lab.directory.resolve("client-" + (clients - 1) + ".err"));
    }

    void await(String what, Process client, Condition condition)
            throws IOException, InterruptedException {
        lab.installation.await(what, client, MAX, condition);
    }

    void awaitReady(Process client) throws IOException, InterruptedException {
        await("READY", client, () -> failback().equals("READY"));
    }

    /// Waits until the disks equal a point of after that time.
    void awaitEqualAfter(Instant time, Process client) throws IOException, InterruptedException {
        await(
                "disks that equal a point after " + time,
                client,
                () -> standing().equals("EQUAL") && instant().isAfter(time));
    }

    /// Where the client's folder says that the disks stand; of an earlier instance it may say that
    /// until a client has begun with this one.
    JsonNode position() throws IOException {
        var file = state().resolve("failback.json");
        if (Files.exists(file)) {
            var standing = new JsonMapper().readTree(Files.readString(file));
            if (standing.required("instance").asString().equals(instance)) {
                return standing.required("position");
            }
        }
        return new JsonMapper().createObjectNode().put("state", "NONE");
    }

    String standing() throws IOException {
        return position().required("state").asString();
    }

    /// Of the point that the disks equal.
    Instant instant() throws IOException {
        return Instant.parse(position().required("instant").asString());
    }

    /// What the server says of the failback.
    String failback() throws IOException, InterruptedException {
        return record().required("failback").required("state").asString();
    }

    JsonNode record() throws IOException, InterruptedException {
        return lab.installation.api().get("/instances/" + instance);
    }

    /// Asks for the end of the instance and for what is left of it.
    void launch() throws IOException, InterruptedException {
        lab.installation
                .api()
                .post("/instances/" + instance + "/failback", new JsonMapper().createObjectNode());
    }
}
