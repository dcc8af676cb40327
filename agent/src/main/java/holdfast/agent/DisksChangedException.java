package holdfast.agent;

import java.io.IOException;

/// A disk has another size than when tracking began, so tracker and replica have to be opened anew.
final class DisksChangedException extends IOException {
    private static final long serialVersionUID = 1L;

    DisksChangedException(String disk, long sizeBefore, long sizeNow) {
        super(disk + " had " + sizeBefore + " bytes and has " + sizeNow + " now");
    }
}
