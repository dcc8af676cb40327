package holdfast.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the demonstration measured.
///
/// @param rpo from the newest point's instant to the loss
/// @param recordsLost records acknowledged after that instant
/// @param recordsTotal records acknowledged altogether
/// @param phases of the recovery, in order
/// @param rto from typing `recover` to the login prompt
/// @param changedBytes found changed on the source after the first copy
/// @param sentBytes sent for that
/// @param checks of the recovered disks
public record DemoReport(
        Duration rpo,
        long recordsLost,
        long recordsTotal,
        List<Phase> phases,
        Duration rto,
        long changedBytes,
        long sentBytes,
        List<Check> checks) {
    public DemoReport {
        phases = List.copyOf(phases);
        checks = List.copyOf(checks);
    }

    /// One phase of the recovery job.
    public record Phase(String name, Duration took) {}

    /// One recovered disk.
    ///
    /// @param faults of records and file system; empty if all is well
    public record Check(
            String what,
            String pointId,
            Instant instant,
            RecordHistory.Verdict records,
            List<String> faults) {
        public Check {
            faults = List.copyOf(faults);
        }
    }

    public boolean passed() {
        return checks.stream().allMatch(check -> check.faults().isEmpty());
    }

    static List<Phase> phases(JsonNode job) {
        var phases = new ArrayList<Phase>();
        for (var phase : job.required("phases")) {
            var from = Instant.parse(phase.required("startedAt").asString());
            var to = Instant.parse(phase.required("endedAt").asString());
            phases.add(new Phase(phase.required("name").asString(), Duration.between(from, to)));
        }
        return phases;
    }

    /// The summary as lines for a terminal.
    public List<String> lines() {
        var lines = new ArrayList<String>();
        lines.add(
                line(
                        "data loss (RPO)",
                        rpo.toMillis()
                                + " ms, "
                                + recordsLost
                                + " of "
                                + recordsTotal
                                + " records"));
        lines.add(line("recovery (RTO)", seconds(rto) + " from the command to the login prompt"));
        for (var phase : phases) {
            lines.add(line("", seconds(phase.took()) + "  " + phase.name()));
        }
        lines.add(
                line(
                        "sent / changed",
                        Sizes.text(sentBytes)
                                + " / "
                                + Sizes.text(changedBytes)
                                + " after the first copy"));
        lines.add(
                line(
                        "result",
                        passed() ? "every check holds" : "A CHECK DOES NOT HOLD, see above"));
        return lines;
    }

    /// The summary for machines.
    public String json() {
        var json = new JsonMapper().createObjectNode();
        json.put("passed", passed());
        json.put("rpoMillis", rpo.toMillis());
        json.put("recordsLost", recordsLost);
        json.put("recordsTotal", recordsTotal);
        json.put("rtoMillis", rto.toMillis());
        json.put("changedBytes", changedBytes);
        json.put("sentBytes", sentBytes);
        var phaseArray = json.putArray("phases");
        for (var phase : phases) {
            phaseArray.addObject().put("name", phase.name()).put("millis", phase.took().toMillis());
        }
        var checkArray = json.putArray("checks");
        for (var check : checks) {
            var records = check.records();
            var object =
                    checkArray
                            .addObject()
                            .put("what", check.what())
                            .put("point", check.pointId())
                            .put("instant", check.instant().toString())
                            .put("holds", check.faults().isEmpty())
                            .put("recordsInA", records.recordsInA())
                            .put("recordsInB", records.recordsInB())
                            .put("recordsRequired", records.required());
            var faults = object.putArray("faults");
            check.faults().forEach(faults::add);
        }
        return json.toString();
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3f s", duration.toMillis() / 1000.0);
    }

    private static String line(String what, String text) {
        return String.format(Locale.ROOT, "  %-16s %s", what, text);
    }
}
