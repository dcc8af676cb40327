package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.InstanceState;
import holdfast.control.RecoveryInstance;
import holdfast.volume.StagingArea;
import holdfast.volume.StoreStatus;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// What is measured, in the text format of Prometheus (version 0.0.4).
final class Metrics {
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final StringBuilder text = new StringBuilder();

    private Metrics() {}

    static String of(Controller controller, List<StagingArea> areas) throws IOException {
        var metrics = new Metrics();
        metrics.addServers(controller);
        metrics.addStaging(areas);
        metrics.addWork(controller);
        return metrics.text.toString();
    }

    private void addServers(Controller controller) throws IOException {
        var servers = controller.servers().list();
        head("holdfast_server_lag_seconds", "Now minus the newest durable consistency point.");
        for (var view : servers) {
            view.lagMillis()
                    .ifPresent(lag ->
                            sample(
                                    "holdfast_server_lag_seconds",
                                    labels(view.server().id(), view.server().hostname()),
                                    Double.toString(lag / 1000.0)));
        }
        head("holdfast_server_backlog_bytes", "Changed on the source and not yet durable here.");
        for (var view : servers) {
            sample(
                    "holdfast_server_backlog_bytes",
                    labels(view.server().id(), view.server().hostname()),
                    Long.toString(view.backlogBytes()));
        }
        head("holdfast_server_state", "1 for the state that replication is in.");
        for (var view : servers) {
            var labels = labels(view.server().id(), view.server().hostname());
            labels.put("state", view.server().state().name());
            sample("holdfast_server_state", labels, "1");
        }
    }

    private void addStaging(List<StagingArea> areas) {
        var statuses = new LinkedHashMap<String, StoreStatus>();
        areas.forEach(area -> statuses.put(area.storageClass(), area.store().status()));
        addStaging(
                "holdfast_staging_used_bytes",
                "Stored in the staging area.",
                statuses,
                StoreStatus::usedBytes);
        addStaging(
                "holdfast_staging_free_bytes",
                "Still usable in the staging area.",
                statuses,
                StoreStatus::freeBytes);
        addStaging(
                "holdfast_staging_map_bytes",
                "Memory that volume maps hold.",
                statuses,
                StoreStatus::mapBytes);
        addStaging(
                "holdfast_staging_writing",
                "1 while appends are acknowledged, 0 while not.",
                statuses,
                status -> status.state() == StoreStatus.State.WRITING ? 1 : 0);
    }

    private void addStaging(
            String name,
            String help,
            Map<String, StoreStatus> statuses,
            ToLongFunction<StoreStatus> value) {
        head(name, help);
        statuses.forEach((storageClass, status) ->
                sample(
                        name,
                        Map.of("storage_class", storageClass),
                        Long.toString(value.applyAsLong(status))));
    }

    private void addWork(Controller controller) throws IOException {
        head("holdfast_jobs", "Jobs remembered, by kind and state.");
        for (var count : controller.jobs().counts()) {
            sample(
                    "holdfast_jobs",
                    Map.of("kind", count.kind(), "state", count.state()),
                    Long.toString(count.jobs()));
        }
        var instances =
                controller.instances().list().stream()
                        .collect(
                                Collectors.groupingBy(
                                        RecoveryInstance::state, Collectors.counting()));
        head("holdfast_instances", "Recovery instances remembered, by state.");
        for (var state : InstanceState.values()) {
            sample(
                    "holdfast_instances",
                    Map.of("state", state.name()),
                    Long.toString(instances.getOrDefault(state, 0L)));
        }
    }

    private void head(String name, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(" gauge\n");
    }

    private void sample(String name, Map<String, String> labels, String value) {
        var pairs =
                labels.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(label -> label.getKey() + "=\"" + escaped(label.getValue()) + "\"")
                        .collect(Collectors.joining(","));
        text.append(name);
        if (!pairs.isEmpty()) {
            text.append('{').append(pairs).append('}');
        }
        text.append(' ').append(value).append('\n');
    }

    private static Map<String, String> labels(String server, String hostname) {
        var labels = new LinkedHashMap<String, String>();
        labels.put("server", server);
        labels.put("hostname", hostname);
        return labels;
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
