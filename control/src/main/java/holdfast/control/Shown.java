package holdfast.control;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/// A server as it is to be seen, which may have its points of something else than its own agent.
///
/// @param server under its own id, with what is known of its source
/// @param source the owner of the volumes whose points it has: itself, another server or a recovery
///   instance
/// @param extension if it is one
/// @param reversal if it is one
/// @param opposite the server that replicates the other way: of a reversal that which the instance
///   was launched from, and the other way round
record Shown(
        SourceServer server,
        String source,
        Optional<Extension.View> extension,
        Optional<Reversal> reversal,
        Optional<String> opposite) {
    static Shown of(Transaction tx, SourceServer row) throws DatabaseException {
        return of(
                tx,
                row,
                AccessTables.EXTENSIONS.find(tx, row.id()),
                AccessTables.REVERSALS.find(tx, row.id()),
                AccessTables.REVERSALS
                        .select(tx, "where origin = ? order by server_id", row.id())
                        .stream()
                        .findFirst());
    }

    static List<Shown> of(Transaction tx, List<SourceServer> rows) throws DatabaseException {
        var extensions = new HashMap<String, Extension>();
        for (var extension : AccessTables.EXTENSIONS.select(tx, "")) {
            extensions.put(extension.server(), extension);
        }
        var reversals = new HashMap<String, Reversal>();
        var reversed = new HashMap<String, Reversal>();
        for (var reversal : AccessTables.REVERSALS.select(tx, "order by server_id")) {
            reversals.put(reversal.server(), reversal);
            reversed.putIfAbsent(reversal.origin(), reversal);
        }
        var shown = new ArrayList<Shown>();
        for (var row : rows) {
            shown.add(
                    of(
                            tx,
                            row,
                            Optional.ofNullable(extensions.get(row.id())),
                            Optional.ofNullable(reversals.get(row.id())),
                            Optional.ofNullable(reversed.get(row.id()))));
        }
        return shown;
    }

    private static Shown of(
            Transaction tx,
            SourceServer row,
            Optional<Extension> extension,
            Optional<Reversal> reversal,
            Optional<Reversal> reversed)
            throws DatabaseException {
        if (extension.isPresent()) {
            return Extensions.shown(tx, row, extension.get());
        }
        if (reversal.isPresent()) {
            return Reversals.shown(row, reversal.get());
        }
        return new Shown(
                row, row.id(), Optional.empty(), Optional.empty(), reversed.map(Reversal::server));
    }
}
