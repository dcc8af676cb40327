package holdfast.aws.drs;

import holdfast.aws.drs.model.PITPolicyRule;
import holdfast.aws.drs.model.PITPolicyRuleUnits;
import holdfast.volume.SnapshotPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

/// The service's rules about points in time, and the snapshot policy that they are here: each rule
/// keeps the newest point of every interval for its time.
final class PitPolicy {
    private PitPolicy() {}

    /// Three rules, one of minutes, one of hours and one of days; those that are not enabled keep
    /// nothing.
    ///
    /// @throws holdfast.aws.protocol.ServiceException if they are not
    static SnapshotPolicy policy(List<PITPolicyRule> rules) {
        if (rules.size() != PITPolicyRuleUnits.values().length) {
            throw DrsRules.invalid(
                    "pitPolicy",
                    "there are three rules, one each of MINUTE, HOUR and DAY: "
                            + rules.size()
                            + " were given");
        }
        var units = EnumSet.noneOf(PITPolicyRuleUnits.class);
        var kept = new ArrayList<SnapshotPolicy.Rule>();
        for (var i = 0; i < rules.size(); i++) {
            var rule = rules.get(i);
            var member = "pitPolicy." + (i + 1) + ".member";
            if (!units.add(rule.units())) {
                throw DrsRules.invalid(
                        member + ".units",
                        "there is one rule of each unit: a second one has " + rule.units().wire());
            }
            if (rule.retentionDuration() < rule.interval()) {
                throw DrsRules.invalid(
                        member + ".retentionDuration",
                        String.format(
                                Locale.ROOT,
                                "a point of every %d is to be kept for %d: at least as long as the interval",
                                rule.interval(),
                                rule.retentionDuration()));
            }
            if (rule.retentionDuration() > most(rule.units())) {
                throw DrsRules.invalid(
                        member + ".retentionDuration",
                        String.format(
                                Locale.ROOT,
                                "a rule of the unit %s keeps points for at most %d",
                                rule.units().wire(),
                                most(rule.units())));
            }
            if (!Boolean.FALSE.equals(rule.enabled())) {
                var unit = unit(rule.units());
                kept.add(
                        new SnapshotPolicy.Rule(
                                unit.multipliedBy(rule.interval()),
                                unit.multipliedBy(rule.retentionDuration())));
            }
        }
        return new SnapshotPolicy(kept);
    }

    /// A day, a month, a year: so that no rule keeps more points than a store can look through.
    private static int most(PITPolicyRuleUnits units) {
        return switch (units) {
            case MINUTE -> 24 * 60;
            case HOUR -> 31 * 24;
            case DAY -> 365;
        };
    }

    private static Duration unit(PITPolicyRuleUnits units) {
        return switch (units) {
            case MINUTE -> Duration.ofMinutes(1);
            case HOUR -> Duration.ofHours(1);
            case DAY -> Duration.ofDays(1);
        };
    }

    /// Of a server or template for which the service's rules were never set.
    static List<PITPolicyRule> rules(SnapshotPolicy policy) {
        var rules = new ArrayList<PITPolicyRule>();
        for (var kept : policy.rules()) {
            var units = PITPolicyRuleUnits.MINUTE;
            for (var larger : List.of(PITPolicyRuleUnits.HOUR, PITPolicyRuleUnits.DAY)) {
                var seconds = unit(larger).toSeconds();
                if (kept.every().toSeconds() % seconds == 0
                        && kept.keptFor().toSeconds() % seconds == 0) {
                    units = larger;
                }
            }
            var unit = unit(units);
            rules.add(
                    PITPolicyRule.builder()
                            .ruleID(rules.size() + 1L)
                            .enabled(true)
                            .units(units)
                            .interval((int) Math.max(1, kept.every().dividedBy(unit)))
                            .retentionDuration((int) Math.max(1, kept.keptFor().dividedBy(unit)))
                            .build());
        }
        return rules;
    }
}
