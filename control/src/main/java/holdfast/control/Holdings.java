package holdfast.control;

import java.util.Optional;

/// Which account has what: a row for everything that an account other than the home account has.
/// Everything else is the home account's.
final class Holdings {
    private Holdings() {}

    /// @param resource an id, or what [#user] makes of a name
    record Holding(String resource, String account) {}

    /// Users have names and no ids.
    static String user(String name) {
        return "user/" + name;
    }

    /// Says whose a new resource is.
    ///
    /// @param parent a resource with which it goes where nobody in particular makes it
    static void claim(Transaction tx, String resource, Optional<String> parent)
            throws DatabaseException {
        var holder =
                tx.scope().isPresent()
                        ? tx.scope().get().further()
                        : parent.isPresent() ? holder(tx, parent.get()) : Optional.<String>empty();
        if (holder.isPresent()) {
            take(tx, resource, holder.get());
        }
    }

    /// @param account other than the home account
    static void take(Transaction tx, String resource, String account) throws DatabaseException {
        AccessTables.HOLDINGS.insert(tx, new Holding(resource, account));
    }

    /// The account that has it, if that is not the home account.
    static Optional<String> holder(Transaction tx, String resource) throws DatabaseException {
        return AccessTables.HOLDINGS.find(tx, resource).map(Holding::account);
    }

    static void forget(Transaction tx, String resource) throws DatabaseException {
        var known = AccessTables.HOLDINGS.find(tx, resource);
        if (known.isPresent()) {
            AccessTables.HOLDINGS.delete(tx, known.get());
        }
    }
}
