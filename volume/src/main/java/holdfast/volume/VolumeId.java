package holdfast.volume;

import java.util.Optional;
import java.util.regex.Pattern;

/// Identity of a volume or a branch: `vol-` or `br-` and 17 hex digits. Never used again.
public record VolumeId(String text) implements Comparable<VolumeId> {
    private static final Pattern FORM = Pattern.compile("(vol|br)-[0-9a-f]{17}");

    public VolumeId {
        if (!FORM.matcher(text).matches()) {
            throw new IllegalArgumentException("not a volume identity: " + text);
        }
    }

    /// Empty if the text is no such identity.
    static Optional<VolumeId> parse(String text) {
        return FORM.matcher(text).matches() ? Optional.of(new VolumeId(text)) : Optional.empty();
    }

    @Override
    public int compareTo(VolumeId other) {
        return text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }
}
