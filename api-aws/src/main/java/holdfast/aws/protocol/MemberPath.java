package holdfast.aws.protocol;

import org.jspecify.annotations.Nullable;

/// Where in a request a member is, as AWS writes it: `filters.sourceServerIDs.1.member`. Written
/// out only when something is wrong there.
public final class MemberPath {
    static final MemberPath ROOT = new MemberPath(null, "");

    private final @Nullable MemberPath parent;
    private final String name;

    private MemberPath(@Nullable MemberPath parent, String name) {
        this.parent = parent;
        this.name = name;
    }

    public MemberPath field(String member) {
        return new MemberPath(this, member);
    }

    /// @param index from 0; AWS counts from 1
    public MemberPath index(int index) {
        return new MemberPath(this, (index + 1) + ".member");
    }

    public MemberPath key() {
        return new MemberPath(this, "key");
    }

    public MemberPath entry(String key) {
        return new MemberPath(this, key + ".member");
    }

    @Override
    public String toString() {
        var before = parent == null ? "" : parent.toString();
        return before.isEmpty() ? name : before + "." + name;
    }
}
