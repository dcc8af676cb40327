package holdfast.bench;

import java.util.ArrayList;
import java.util.List;

/// What was measured of one thing, in the order in which it was measured.
///
/// @param values at least one, finite
record Samples(List<Double> values) {
    Samples {
        values = List.copyOf(values);
        if (values.isEmpty() || !values.stream().allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("not figures to compare: " + values);
        }
    }

    static Samples of(double... values) {
        var list = new ArrayList<Double>();
        for (var value : values) {
            list.add(value);
        }
        return new Samples(list);
    }

    double min() {
        return quantile(0);
    }

    /// The middle one; between the two in the middle of an even number.
    double median() {
        var sorted = values.stream().sorted().toList();
        var middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    double max() {
        return quantile(1);
    }

    /// The smallest value that at least this share of all does not exceed (nearest rank).
    ///
    /// @param share from 0 to 1
    double quantile(double share) {
        var sorted = values.stream().sorted().toList();
        var rank = (int) Math.ceil(share * sorted.size());
        return sorted.get(Math.clamp(rank - 1, 0, sorted.size() - 1));
    }

    /// Each divided by the one of the other that was measured beside it.
    Samples dividedBy(Samples other) {
        if (values.size() != other.values.size()) {
            throw new IllegalArgumentException(
                    "not pairs: " + values.size() + " and " + other.values.size() + " figures");
        }
        var ratios = new ArrayList<Double>();
        for (var i = 0; i < values.size(); i++) {
            ratios.add(values.get(i) / other.values.get(i));
        }
        return new Samples(ratios);
    }
}
