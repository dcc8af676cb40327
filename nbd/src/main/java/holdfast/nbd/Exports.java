package holdfast.nbd;

import holdfast.volume.VolumeView;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// What an NBD server offers. Called from many connections at a time.
public interface Exports {
    /// Names for `NBD_OPT_LIST`.
    List<String> names();

    /// Opens the export of that name for one connection, which closes it. Writable if and only if
    /// it is a [holdfast.volume.Branch]. Empty if there is none.
    Optional<VolumeView> open(String name) throws IOException;
}
