package holdfast.failback;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a client tells those who look at it: a JSON object on a line of its own each.
public sealed interface ClientEvent {
    /// The first one.
    ///
    /// @param process number of the client's process
    record Hello(long process) implements ClientEvent {}

    /// Something to be read once.
    record Told(String line) implements ClientEvent {}

    /// How it stands, instead of what was said before.
    record Standing(Progress progress) implements ClientEvent {}

    /// The last one.
    sealed interface Ended extends ClientEvent {}

    /// The disks are complete.
    record Done(Outcome.Completed outcome) implements Ended {}

    /// It gave up.
    ///
    /// @param code stable, for programs
    /// @param status that its process ends with
    record GaveUp(String code, String message, int status) implements Ended {}

    /// Without a line's end.
    default String text() {
        var json = JsonNodeFactory.instance.objectNode();
        switch (this) {
            case Hello(var process) -> json.put("process", process);
            case Told(var line) -> json.put("line", line);
            case Standing(var progress) -> put(json.putObject("progress"), progress);
            case Done(var outcome) ->
                    json.putObject("done")
                            .put("instance", outcome.instance())
                            .put("sentBytes", outcome.sentBytes())
                            .put("receivedBytes", outcome.receivedBytes())
                            .put("words", outcome.words());
            case GaveUp(var code, var message, var status) ->
                    json.putObject("gaveUp")
                            .put("code", code)
                            .put("message", message)
                            .put("status", status);
        }
        return json.toString();
    }

    private static void put(ObjectNode json, Progress progress) {
        json.put("what", progress.what()).put("bytesPerSecond", progress.bytesPerSecond());
        progress.left().ifPresent(left -> json.put("leftSeconds", left.toSeconds()));
        var disks = json.putArray("disks");
        for (var disk : progress.disks()) {
            disks.addObject()
                    .put("name", disk.name())
                    .put("totalBytes", disk.totalBytes())
                    .put("comparedBytes", disk.comparedBytes())
                    .put("differingBytes", disk.differingBytes())
                    .put("fetchedBytes", disk.fetchedBytes());
        }
    }

    /// @throws IllegalArgumentException if the line is none of ours
    static ClientEvent parse(String line) {
        try {
            var json = JsonMapper.shared().readTree(line);
            var name = json.propertyNames().stream().findFirst().orElse("");
            var value = json.path(name);
            return switch (name) {
                case "process" -> new Hello(value.asLong());
                case "line" -> new Told(value.asString());
                case "progress" -> new Standing(progress(value));
                case "done" ->
                        new Done(
                                new Outcome.Completed(
                                        value.required("instance").asString(),
                                        value.required("sentBytes").asLong(),
                                        value.required("receivedBytes").asLong(),
                                        value.required("words").asString()));
                case "gaveUp" ->
                        new GaveUp(
                                value.required("code").asString(),
                                value.required("message").asString(),
                                value.required("status").asInt());
                case String _ -> throw new IllegalArgumentException("no event: " + line);
            };
        } catch (JacksonException e) {
            throw new IllegalArgumentException("no event: " + line, e);
        }
    }

    private static Progress progress(JsonNode json) {
        var disks = new ArrayList<Progress.Disk>();
        for (var disk : json.required("disks")) {
            disks.add(
                    new Progress.Disk(
                            disk.required("name").asString(),
                            disk.required("totalBytes").asLong(),
                            disk.required("comparedBytes").asLong(),
                            disk.required("differingBytes").asLong(),
                            disk.required("fetchedBytes").asLong()));
        }
        return new Progress(
                json.required("what").asString(),
                disks,
                json.required("bytesPerSecond").asLong(),
                json.has("leftSeconds")
                        ? Optional.of(Duration.ofSeconds(json.path("leftSeconds").asLong()))
                        : Optional.empty());
    }
}
